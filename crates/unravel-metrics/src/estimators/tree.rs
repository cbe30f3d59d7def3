//! Regression trees with exact splits, the parts that boosting and forests are made of.
//!
//! Splits are those of scikit-learn's `DecisionTreeRegressor`: every gap between two neighbouring values of a feature is
//! tried, the one that leaves the least squared error is taken, at the middle of the gap. Values closer than 1e-7 count
//! as equal. Where two features split equally well scikit-learn takes one at random; here it is the first.

mod grow;
mod presorted;
mod search;

pub(super) use grow::{Growth, Workspace};
pub(super) use presorted::{Entry, Presorted};
pub(super) use search::{Cut, MIN_GAP, is_pure};

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
