//! Growing one tree, level by level.
//!
//! The order of the rows by each feature is sorted once for all trees. When a node is split, its part of each order is
//! parted in two, which keeps both halves sorted, so no level sorts again. Only nodes that may still be split are kept
//! up; the rows of a leaf are handed to the caller, who says what the leaf answers.

use super::Tree;
use super::presorted::{Entry, Presorted};
use super::search::{Cut, Inverses, best_cut, is_pure};

/// What to grow a tree on.
#[derive(Clone, Copy)]
pub(in super::super) struct Growth<'a> {
    /// The rows, sorted.
    pub(in super::super) rows: &'a Presorted,
    /// What to predict, by number of row.
    pub(in super::super) target: &'a [f64],
    /// Most questions on the way to a leaf.
    pub(in super::super) max_depth: usize,
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
    total: f64,
    feature: usize,
    cut: Cut,
}

/// A node that was split: its rows, of which the first `n_left` of the split order go left.
#[derive(Clone, Copy, Debug)]
struct Parted {
    start: usize,
    n: usize,
    n_left: usize,
    /// Positions of its children in the list of open nodes, if they are open.
    children: [Option<usize>; 2],
}

impl Workspace {
    /// Makes it large enough for the rows.
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

    /// Grows a tree from a root of which the best split is known.
    ///
    /// `on_leaf` gets the rows of each leaf and says what it answers. Each feature's share in the reduction of the
    /// squared error is added to `importances`.
    pub(in super::super) fn grow(
        &mut self,
        growth: &Growth,
        root: (usize, Cut),
        importances: &mut [f64],
        mut on_leaf: impl FnMut(&[Entry]) -> f64,
    ) -> Tree {
        let mut tree = Tree::leaf();
        let mut open = vec![Open {
            node: 0,
            start: 0,
            n: growth.rows.n_rows(),
            total: 0.0,
            feature: root.0,
            cut: root.1,
        }];
        let n_rows = growth.rows.n_rows();
        for depth in 0.. {
            let [even, odd] = &mut self.orders;
            let (from, to) = if depth % 2 == 0 { (odd, even) } else { (even, odd) };
            let from = if depth == 0 { growth.rows.entries() } else { from };
            let mut parted = Vec::with_capacity(open.len());
            let mut children = Vec::with_capacity(2 * open.len());
            for parent in open {
                let order = &from[parent.feature * n_rows + parent.start..][..parent.n];
                if parent.cut.n_left == 0 {
                    tree.values[parent.node] = on_leaf(order);
                    continue;
                }
                importances[parent.feature] += parent.cut.score / parent.n as f64;
                let halves = order.split_at(parent.cut.n_left);
                let left = tree.split(parent.node, parent.feature, threshold(halves));
                let mut start = parent.start;
                let mut found = [None; 2];
                for (side, half) in [halves.0, halves.1].into_iter().enumerate() {
                    let is_last = depth + 1 == growth.max_depth;
                    let (sum, squares) = if is_last { (0.0, 0.0) } else { sums(half, growth.target) };
                    if is_last || is_pure(half.len(), sum, squares) {
                        tree.values[left + side] = on_leaf(half);
                    } else {
                        found[side] = Some(children.len());
                        children.push(Open {
                            node: left + side,
                            start,
                            n: half.len(),
                            total: sum,
                            feature: 0,
                            cut: Cut::NONE,
                        });
                    }
                    start += half.len();
                }
                if found != [None; 2] {
                    for entry in halves.0 {
                        self.goes_left[entry.row as usize] = true;
                    }
                    for entry in halves.1 {
                        self.goes_left[entry.row as usize] = false;
                    }
                    parted.push(Parted {
                        start: parent.start,
                        n: parent.n,
                        n_left: parent.cut.n_left,
                        children: found,
                    });
                }
            }
            for feature in 0..growth.rows.n_features() {
                for parent in &parted {
                    let range = feature * n_rows + parent.start..feature * n_rows + parent.start + parent.n;
                    let before = &mut self.before[parent.start..][..parent.n];
                    part(&from[range.clone()], &mut to[range], before, parent.n_left, &self.goes_left, growth.target);
                    for child in parent.children.into_iter().flatten() {
                        let child = &mut children[child];
                        let order = &to[feature * n_rows + child.start..][..child.n];
                        let before = &self.before[child.start..][..child.n];
                        let cut = best_cut(order, before, child.total, &self.inverses);
                        if child.cut.score < cut.score {
                            (child.feature, child.cut) = (feature, cut);
                        }
                    }
                }
            }
            if children.is_empty() {
                return tree;
            }
            open = children;
        }
        tree
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
/// before each entry of its part.
#[inline(never)]
fn part(
    from: &[Entry],
    to: &mut [Entry],
    before: &mut [f64],
    n_left: usize,
    goes_left: &[bool],
    target: &[f64],
) {
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

/// `a` or `b`, without a branch: which one it is cannot be foreseen.
#[inline(always)]
fn choose(condition: bool, a: f64, b: f64) -> f64 {
    let mask = u64::from(condition).wrapping_neg();
    f64::from_bits(a.to_bits() & mask | b.to_bits() & !mask)
}

/// The middle of the gap between two halves, rounded towards the left one.
fn threshold((left, right): (&[Entry], &[Entry])) -> f32 {
    let below = left[left.len() - 1].value;
    let middle = 0.5 * f64::from(below) + 0.5 * f64::from(right[0].value);
    let rounded = middle as f32;
    if f64::from(rounded) <= middle { rounded } else { rounded.next_down().max(below) }
}
