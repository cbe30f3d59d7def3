//! Sweep files as their writers meet them: through the public interface only.

mod claims;
mod faults;
mod files;
mod grids;
mod hostile;
mod published;
mod trials;
