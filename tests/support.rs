//! What the tests of the whole program share: a folder of their own with the program run in it, what a store holds
//! from outside, and the processes of this machine.

#![allow(dead_code, reason = "every test target uses a part of it")]

pub mod codes;
pub mod lab;
pub mod npz;
pub mod process;
pub mod slurm;
pub mod store;
pub mod sweeps;
