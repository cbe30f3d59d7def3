//! Memory for what a file asks for: taken only where it is to be had.
//!
//! A file of a few kilobytes may truthfully unpack to gigabytes, so the length of an array is no measure of what reading
//! it may take. A request that the system grants on credit and cannot keep ends the program, or another one; so what is
//! left is asked for first.

mod cgroup;

use std::fs;
use std::path::Path;

use crate::arrays::ArrayFault;

/// Requests of up to so many bytes are made without a look at what is left.
const SMALL: u64 = 64 << 20;

const KIB: u64 = 1024;

/// Finds so many bytes of memory to be left; nothing is taken.
///
/// For what is about to be taken bit by bit, or by code that cannot say that there was too little.
///
/// # Errors
/// [`ArrayFault::Memory`] where fewer are left. Where the system does not say how many are, there is none.
pub fn check(bytes: u64) -> Result<(), ArrayFault> {
    if bytes <= SMALL {
        return Ok(());
    }
    match available() {
        Some(available) if available < bytes => Err(ArrayFault::Memory {
            bytes,
            available: Some(available),
        }),
        _ => Ok(()),
    }
}

/// Room for `n` more elements than there are.
pub(crate) fn reserve<T>(room: &mut Vec<T>, n: usize) -> Result<(), ArrayFault> {
    let bytes = (n as u64).saturating_mul(size_of::<T>() as u64);
    check(bytes)?;
    let refused = |_| ArrayFault::Memory {
        bytes,
        available: None,
    };
    room.try_reserve_exact(n).map_err(refused)
}

/// `n` elements, all `value`.
pub(crate) fn filled<T: Copy>(n: usize, value: T) -> Result<Vec<T>, ArrayFault> {
    let mut room = Vec::new();
    reserve(&mut room, n)?;
    room.resize(n, value);
    Ok(room)
}

/// Bytes that this process may still take: what the machine has left, or fewer where its addresses (`ulimit -v`) or the
/// group of processes that it is in (a container, a job) are limited. None where the system does not say, that is on all
/// but Linux.
#[must_use]
pub fn available() -> Option<u64> {
    let read = |file: &str| fs::read_to_string(file).ok();
    let left = kib_of(&read("/proc/meminfo")?, "MemAvailable:")?;
    let addresses = || {
        let limit = address_limit(&read("/proc/self/limits")?)?;
        let taken = kib_of(&read("/proc/self/status")?, "VmSize:")?;
        Some(limit.saturating_sub(taken))
    };
    let groups = || cgroup::left(Path::new(cgroup::ROOT), &read("/proc/self/cgroup")?);
    let limits = [addresses(), groups()].into_iter().flatten();
    Some(limits.fold(left, u64::min))
}

/// The number of a line such as `MemAvailable:   1024 kB`, in bytes.
fn kib_of(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(KIB)
}

/// The soft limit of `/proc/self/limits`, unless there is none.
fn address_limit(limits: &str) -> Option<u64> {
    let key = "Max address space";
    let line = limits.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_understood() {
        let meminfo = "MemTotal:       24605100 kB\nMemAvailable:    1024 kB\n";
        assert_eq!(kib_of(meminfo, "MemAvailable:"), Some(1 << 20));
        assert_eq!(kib_of("MemTotal: 1 kB\n", "MemAvailable:"), None);
        assert_eq!(kib_of("MemAvailable: many kB\n", "MemAvailable:"), None);
        let limits = |soft: &str| {
            format!(
                "Limit  Soft Limit  Hard Limit  Units\nMax address space  {soft}  unlimited  bytes\n"
            )
        };
        assert_eq!(address_limit(&limits("2048000000")), Some(2_048_000_000));
        assert_eq!(address_limit(&limits("unlimited")), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn more_than_there_is_left_is_refused_with_both_numbers() {
        let left = available().unwrap();
        assert!(SMALL < left, "this machine has memory: {left}");
        let fault = filled(1 << 46, 0_u8).unwrap_err();
        let ArrayFault::Memory { bytes, available } = &fault else {
            panic!("{fault}");
        };
        assert_eq!(*bytes, 1 << 46);
        let sentence = fault.to_string();
        let available = available.unwrap();
        assert!(sentence.contains(&bytes.to_string()), "{sentence}");
        assert!(sentence.contains(&available.to_string()), "{sentence}");
    }

    #[test]
    fn no_request_is_too_large_to_be_refused() {
        assert!(filled(usize::MAX, 0_u64).is_err());
        assert!(check(SMALL).is_ok());
        assert_eq!(filled(3, 7_u8).unwrap(), [7; 3]);
    }
}
