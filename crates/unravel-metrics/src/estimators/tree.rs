//! Regression trees with exact splits, the parts that boosting and forests are made of.
//!
//! Splits are those of scikit-learn's `DecisionTreeRegressor`: every gap between two neighbouring values of a feature is
//! tried, the one that leaves the least squared error is taken, at the middle of the gap. Values closer than 1e-7 count
//! as equal. Where two features split equally well one is taken by lot, as in scikit-learn, but the same at each run: small
//! nodes have many such ties, and always taking the first would favour the features that come first.

mod grow;
mod presorted;
mod search;

pub(super) use grow::{Growth, Workspace};
pub(super) use presorted::{Entry, Presorted};
pub(super) use search::{Cut, MIN_GAP, is_pure};

use crate::bytes::{Bytes, array_bytes};

/// The best split of a node so far: a feature and a cut of its order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Split {
    pub(super) feature: usize,
    pub(super) cut: Cut,
}

impl Split {
    /// There is none.
    pub(super) const NONE: Self = Self {
        feature: 0,
        cut: Cut::NONE,
    };

    /// The better of two splits of a node, by lot if they are equally good; `tree` is the number of the tree.
    pub(super) fn or_better(self, other: Self, tree: u64, node: usize) -> Self {
        let is_tie = self.cut.score == other.cut.score;
        let lot = |split: &Self| mixed(mixed(tree) ^ ((node as u64) << 32 | split.feature as u64));
        if self.cut.score < other.cut.score || is_tie && lot(&self) < lot(&other) {
            other
        } else {
            self
        }
    }
}

/// 64 bits that look random (the output function of Steele et al. 2014, "Fast splittable pseudorandom number generators").
fn mixed(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A node: a question, or an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    /// The feature asked for; of no meaning in a leaf.
    feature: u32,
    /// Rows whose feature is at most this go left.
    threshold: f32,
    /// Position of the left child, the right one follows it; 0 in a leaf, as the root is nobody's child.
    left: u32,
}

/// A binary tree with a number in each leaf.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The answer of each leaf, 0 in inner nodes, `[n_nodes]`.
    values: Vec<f64>,
}

impl Tree {
    /// Bytes of one with so many leaves, which grew to up to twice its room.
    pub(super) fn bytes(n_leaves: usize) -> Bytes {
        4 * (array_bytes::<Node>(&[n_leaves]) + array_bytes::<f64>(&[n_leaves]))
            + array_bytes::<Self>(&[1])
    }

    /// A tree that is one leaf, the root at position 0.
    fn leaf() -> Self {
        Self {
            nodes: vec![Node::LEAF],
            values: vec![0.0],
        }
    }

    /// Turns a leaf into a question; the position of its left child, which the right one follows.
    fn split(&mut self, node: usize, feature: usize, threshold: f32) -> usize {
        let left = self.nodes.len();
        self.nodes[node] = Node {
            feature: feature as u32,
            threshold,
            left: left as u32,
        };
        self.nodes.extend([Node::LEAF; 2]);
        self.values.extend([0.0; 2]);
        left
    }

    /// The answer for a row, whose features are looked up one by one.
    #[inline]
    pub(super) fn predict(&self, feature: impl Fn(usize) -> f32) -> f64 {
        let mut at = 0;
        loop {
            let node = self.nodes[at];
            if node.left == 0 {
                return self.values[at];
            }
            let goes_right = node.threshold < feature(node.feature as usize);
            at = node.left as usize + usize::from(goes_right);
        }
    }
}

impl Node {
    const LEAF: Self = Self {
        feature: 0,
        threshold: 0.0,
        left: 0,
    };
}
