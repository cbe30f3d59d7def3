//! What the tests of this crate share: representations of known structure, and recorded draws.

pub mod constructed;
pub mod recorded;
