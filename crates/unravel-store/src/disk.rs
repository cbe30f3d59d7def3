//! Operations on files that hold whatever happens to the process, the disk or the machine.

pub(crate) mod aside;
pub(crate) mod atomic;
pub(crate) mod checksummed_json;
pub(crate) mod faults;
pub(crate) mod folders;
pub(crate) mod format;
pub(crate) mod holding;
pub(crate) mod lock;
pub(crate) mod npz;
pub(crate) mod temporaries;
pub(crate) mod tensor_file;
