//! What the golden tests are made of: representations of known structure, and recorded draws.

pub mod constructed;
pub mod hash;
pub mod recorded;
