//! Growing one tree, level by level.
//!
//! The order of the rows by each feature is sorted once for all trees. When a node is split, its part of each order is
//! parted in two, which keeps both halves sorted, so no level sorts again. Only nodes that may still be split are kept
//! up; the rows of a leaf are handed to the caller, who says what the leaf answers.

use super::presorted::{Entry, Presorted};
use super::search::{Cut, Inverses, best_cut, is_pure};
use super::{Split, Tree};
use crate::bytes::{Bytes, array_bytes};

/// What to grow a tree on.
#[derive(Clone, Copy)]
pub(in super::super) struct Growth<'a> {
    /// The rows, sorted.
    pub(in super::super) rows: &'a Presorted,
    /// What to predict, by number of row.
    pub(in super::super) target: &'a [f64],
    /// Most questions on the way to a leaf.
    pub(in super::super) max_depth: usize,
    /// Number of the tree, which lots are drawn by.
    pub(in super::super) number: u64,
}

/// Memory that growing needs, to be used again for the next tree.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Workspace {
    /// The orders of two levels, each `[n_features, n_rows]`.
    orders: [Vec<Entry>; 2],
    /// Sums of the targets before each entry of an order, `[n_rows]`.
    before: Vec<f64>,
    /// Whether a row goes to the left child of its node, by number of row.
    goes_left: Vec<bool>,
    inverses: Inverses,
}

/// A node that may be split: the rows `start..start + n` of each order.
#[derive(Clone, Copy, Debug)]
struct Open {
    node: usize,
    start: usize,
    n: usize,
    /// Sum of the targets.
    total: f64,
    best: Split,
}

/// A node that was split: of its rows the first `n_left` go left.
#[derive(Clone, Copy, Debug)]
struct Parted {
    start: usize,
    n: usize,
    n_left: usize,
    /// Positions of its children in the list of open nodes, if they are open.
    children: [Option<usize>; 2],
}

impl Workspace {
    /// Bytes of one for so many rows: two orders, and some numbers a row.
    pub(in super::super) fn bytes(n_rows: usize, n_features: usize) -> Bytes {
        2 * Presorted::bytes(n_rows, n_features) + array_bytes::<f64>(&[n_rows, 4])
    }

    /// Resizes it for some rows, whose indices are below `n_targets`.
    pub(in super::super) fn fit(&mut self, rows: &Presorted, n_targets: usize) {
        for order in &mut self.orders {
            order.resize(rows.entries().len(), Entry::default());
        }
        self.before.resize(rows.n_rows(), 0.0);
        self.goes_left.resize(n_targets, false);
        if self.inverses.largest() < rows.n_rows() {
            self.inverses = Inverses::up_to(rows.n_rows());
        }
    }

    /// The best split of all rows; `None` if all rows are equal.
    pub(in super::super) fn root(&mut self, growth: &Growth) -> Split {
        let rows = growth.rows;
        let (total, squares) = sums(rows.by(0), growth.target);
        let mut best = Split::NONE;
        if is_pure(rows.n_rows(), total, squares) {
            return best;
        }
        for feature in 0..rows.n_features() {
            let mut sum = 0.0;
            for (before, entry) in self.before.iter_mut().zip(rows.by(feature)) {
                *before = sum;
                sum += growth.target[entry.row as usize];
            }
            let before = &self.before[..rows.n_rows()];
            let cut = best_cut(rows.by(feature), before, total, &self.inverses);
            best = best.or_better(Split { feature, cut }, growth.number, 0);
        }
        best
    }

    /// Grows a tree from a root of which the best split is known.
    ///
    /// `on_leaf` gets the rows of each leaf and returns its prediction. Each feature's share in the reduction of the
    /// squared error is added to `importances`.
    pub(in super::super) fn grow(
        &mut self,
        growth: &Growth,
        root: Split,
        importances: &mut [f64],
        mut on_leaf: impl FnMut(&[Entry]) -> f64,
    ) -> Tree {
        let mut tree = Tree::leaf();
        let mut open = vec![Open {
            node: 0,
            start: 0,
            n: growth.rows.n_rows(),
            total: 0.0,
            best: root,
        }];
        let mut depth = 0;
        while !open.is_empty() {
            let mut level = Level {
                growth,
                is_last: depth + 1 == growth.max_depth,
                tree: &mut tree,
                goes_left: &mut self.goes_left,
                importances,
                parted: Vec::with_capacity(open.len()),
                children: Vec::with_capacity(2 * open.len()),
            };
            let [even, odd] = &mut self.orders;
            let (from, to) = if depth % 2 == 0 {
                (odd, even)
            } else {
                (even, odd)
            };
            let from: &[Entry] = if depth == 0 {
                growth.rows.entries()
            } else {
                from
            };
            for node in open {
                level.close_or_split(from, node, &mut on_leaf);
            }
            open = level.search(from, to, &mut self.before, &self.inverses);
            depth += 1;
        }
        tree
    }
}

/// The nodes at one depth.
struct Level<'a> {
    growth: &'a Growth<'a>,
    /// Whether the children of these nodes are leaves.
    is_last: bool,
    tree: &'a mut Tree,
    goes_left: &'a mut [bool],
    importances: &'a mut [f64],
    parted: Vec<Parted>,
    children: Vec<Open>,
}

impl Level<'_> {
    /// Splits a node if there is a split, and marks the rows that go left; otherwise the node is a leaf.
    fn close_or_split(
        &mut self,
        from: &[Entry],
        parent: Open,
        on_leaf: &mut impl FnMut(&[Entry]) -> f64,
    ) {
        let Split { feature, cut } = parent.best;
        let order = &from[feature * self.growth.rows.n_rows() + parent.start..][..parent.n];
        if cut == Cut::NONE {
            self.tree.values[parent.node] = on_leaf(order);
            return;
        }
        self.importances[feature] += cut.score / parent.n as f64;
        let (left, right) = order.split_at(cut.n_left);
        let first_child = self
            .tree
            .split(parent.node, feature, threshold(left, right));
        let children = [
            self.child(first_child, parent.start, left, on_leaf),
            self.child(first_child + 1, parent.start + left.len(), right, on_leaf),
        ];
        if children != [None; 2] {
            for (half, is_left) in [(left, true), (right, false)] {
                for entry in half {
                    self.goes_left[entry.row as usize] = is_left;
                }
            }
            self.parted.push(Parted {
                start: parent.start,
                n: parent.n,
                n_left: left.len(),
                children,
            });
        }
    }

    /// Opens a child, or makes it a leaf if it need not be split any further.
    fn child(
        &mut self,
        node: usize,
        start: usize,
        rows: &[Entry],
        on_leaf: &mut impl FnMut(&[Entry]) -> f64,
    ) -> Option<usize> {
        let (total, squares) = if self.is_last {
            (0.0, 0.0)
        } else {
            sums(rows, self.growth.target)
        };
        if self.is_last || is_pure(rows.len(), total, squares) {
            self.tree.values[node] = on_leaf(rows);
            return None;
        }
        self.children.push(Open {
            node,
            start,
            n: rows.len(),
            total,
            best: Split::NONE,
        });
        Some(self.children.len() - 1)
    }

    /// Parts the orders of the nodes that were split, and finds the best split of each child.
    fn search(
        mut self,
        from: &[Entry],
        to: &mut [Entry],
        before: &mut [f64],
        inverses: &Inverses,
    ) -> Vec<Open> {
        let n_rows = self.growth.rows.n_rows();
        for feature in 0..self.growth.rows.n_features() {
            let from = &from[feature * n_rows..][..n_rows];
            let to = &mut to[feature * n_rows..][..n_rows];
            for parent in &self.parted {
                let range = parent.start..parent.start + parent.n;
                let sums = &mut before[range.clone()];
                let sides = (&*self.goes_left, parent.n_left);
                part(
                    &from[range.clone()],
                    &mut to[range],
                    sums,
                    sides,
                    self.growth.target,
                );
                for child in parent.children.into_iter().flatten() {
                    let child = &mut self.children[child];
                    let range = child.start..child.start + child.n;
                    let cut = best_cut(&to[range.clone()], &before[range], child.total, inverses);
                    let split = Split { feature, cut };
                    child.best = child.best.or_better(split, self.growth.number, child.node);
                }
            }
        }
        self.children
    }
}

/// Sum and sum of squares of the targets of some rows.
#[inline(never)]
fn sums(rows: &[Entry], target: &[f64]) -> (f64, f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    for entry in rows {
        let target = target[entry.row as usize];
        sum += target;
        squares += target * target;
    }
    (sum, squares)
}

/// Copies sorted entries to where those that go left come first, so that both parts stay sorted, and sums up the targets
/// before each entry of its part. `sides` says which rows go left, and how many.
#[inline(never)]
fn part(
    from: &[Entry],
    to: &mut [Entry],
    before: &mut [f64],
    sides: (&[bool], usize),
    target: &[f64],
) {
    let (goes_left, n_left) = sides;
    let (mut left, mut right) = (0, n_left);
    let (mut left_sum, mut right_sum) = (0.0, 0.0);
    for entry in from {
        let row = entry.row as usize;
        let (is_left, target) = (goes_left[row], target[row]);
        let at = if is_left { left } else { right };
        to[at] = *entry;
        before[at] = choose(is_left, left_sum, right_sum);
        left += usize::from(is_left);
        right += usize::from(!is_left);
        left_sum += choose(is_left, target, 0.0);
        right_sum += choose(is_left, 0.0, target);
    }
}

/// `a` or `b`, without a branch, because the branch would be unpredictable.
#[inline(always)]
fn choose(condition: bool, a: f64, b: f64) -> f64 {
    let mask = u64::from(condition).wrapping_neg();
    f64::from_bits(a.to_bits() & mask | b.to_bits() & !mask)
}

/// The middle of the gap between two halves, rounded towards the left one.
fn threshold(left: &[Entry], right: &[Entry]) -> f32 {
    let below = left[left.len() - 1].value;
    let middle = 0.5 * f64::from(below) + 0.5 * f64::from(right[0].value);
    let rounded = middle as f32;
    if f64::from(rounded) <= middle {
        rounded
    } else {
        rounded.next_down().max(below)
    }
}
