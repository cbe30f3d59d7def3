//! What the CUDA driver says of the machine, asked without linking to it.

use std::ffi::{CStr, OsStr, c_char, c_int, c_uint, c_void};

use libloading::Library;

use crate::CudaGpu;

/// The driver's library, which comes with the driver and not with the toolkit.
pub const LIBRARY: &str = if cfg!(windows) {
    "nvcuda.dll"
} else {
    "libcuda.so.1"
};

/// An NVIDIA driver.
pub struct Driver {
    library: Library,
}

impl Driver {
    /// Loads and starts the driver.
    ///
    /// # Errors
    /// A clause that says why it cannot be.
    pub fn load(library: impl AsRef<OsStr>) -> Result<Self, String> {
        // SAFETY: the library is NVIDIA's driver; loading it runs its initialisers only.
        let library = unsafe { Library::new(library.as_ref()) }
            .map_err(|_| "this machine has no NVIDIA driver".to_owned())?;
        let driver = Self { library };
        driver.check("cuInit", |f: unsafe extern "C" fn(c_uint) -> c_int| {
            // SAFETY: as the driver's interface has it; so below.
            unsafe { f(0) }
        })?;
        Ok(driver)
    }

    /// The devices that the driver shows (it heeds `CUDA_VISIBLE_DEVICES`); at least one.
    ///
    /// # Errors
    /// A clause that says why there are none.
    pub fn gpus(&self) -> Result<Vec<CudaGpu>, String> {
        let mut n: c_int = 0;
        self.check(
            "cuDeviceGetCount",
            |f: unsafe extern "C" fn(*mut c_int) -> c_int| unsafe { f(&raw mut n) },
        )?;
        if n <= 0 {
            return Err("the NVIDIA driver shows no device".to_owned());
        }
        (0..n).map(|index| self.gpu(index)).collect()
    }

    /// Memory of the device of this index that nobody uses at this moment, in bytes.
    ///
    /// Asking takes a moment of the device's own context, some hundred megabytes of which are counted as used.
    ///
    /// # Errors
    /// A clause that says why it cannot be asked.
    pub fn free_bytes(&self, index: usize) -> Result<u64, String> {
        type Retain = unsafe extern "C" fn(*mut *mut c_void, c_int) -> c_int;
        type Push = unsafe extern "C" fn(*mut c_void) -> c_int;
        type Pop = unsafe extern "C" fn(*mut *mut c_void) -> c_int;
        type Info = unsafe extern "C" fn(*mut usize, *mut usize) -> c_int;
        type Release = unsafe extern "C" fn(c_int) -> c_int;
        let device = self.device(index as c_int)?;
        let mut context = std::ptr::null_mut();
        // SAFETY: as the driver's interface has it; every pointer is to a variable that outlives the call, and the
        // context is in use from its retaining to its release.
        self.check("cuDevicePrimaryCtxRetain", |f: Retain| unsafe {
            f(&raw mut context, device)
        })?;
        let (mut free, mut total) = (0usize, 0usize);
        let asked = self
            .check("cuCtxPushCurrent_v2", |f: Push| unsafe { f(context) })
            .and_then(|()| {
                let asked = self.check("cuMemGetInfo_v2", |f: Info| unsafe {
                    f(&raw mut free, &raw mut total)
                });
                let mut popped = std::ptr::null_mut();
                let popped =
                    self.check("cuCtxPopCurrent_v2", |f: Pop| unsafe { f(&raw mut popped) });
                asked.and(popped)
            });
        self.check("cuDevicePrimaryCtxRelease_v2", |f: Release| unsafe {
            f(device)
        })?;
        asked.map(|()| free as u64)
    }

    /// Calls a function of the driver; what it returns other than 0 is an error.
    fn check<F: Copy>(&self, name: &str, call: impl FnOnce(F) -> c_int) -> Result<(), String> {
        // SAFETY: every caller gives the type that the driver documents for the name.
        let function = unsafe { self.library.get::<F>(name.as_bytes()) }
            .map_err(|_| format!("the NVIDIA driver has no {name}"))?;
        match call(*function) {
            0 => Ok(()),
            code => Err(format!(
                "the NVIDIA driver answers {name} with error {code}"
            )),
        }
    }

    fn device(&self, index: c_int) -> Result<c_int, String> {
        type Get = unsafe extern "C" fn(*mut c_int, c_int) -> c_int;
        let mut device: c_int = 0;
        // SAFETY: the pointer is to a variable that outlives the call.
        self.check("cuDeviceGet", |f: Get| unsafe { f(&raw mut device, index) })?;
        Ok(device)
    }

    fn gpu(&self, index: c_int) -> Result<CudaGpu, String> {
        type Name = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int;
        type Memory = unsafe extern "C" fn(*mut usize, c_int) -> c_int;
        let device = self.device(index)?;
        let mut name = [0 as c_char; 256];
        let mut memory_bytes = 0usize;
        // SAFETY: each pointer is to a variable that outlives the call, and the name's length is given.
        self.check("cuDeviceGetName", |f: Name| unsafe {
            f(name.as_mut_ptr(), 255, device)
        })?;
        self.check("cuDeviceTotalMem_v2", |f: Memory| unsafe {
            f(&raw mut memory_bytes, device)
        })?;
        // SAFETY: the driver ends the name with a zero within the array, whose last entry was left zero.
        let name = unsafe { CStr::from_ptr(name.as_ptr()) }
            .to_string_lossy()
            .into_owned();
        Ok(CudaGpu {
            index: index as usize,
            name,
            memory_bytes: memory_bytes as u64,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// The driver of `tests/fake_driver.c`, compiled by the C compiler that Rust links with.
    fn fake(folder: &std::path::Path) -> Driver {
        let library = folder.join("libfake.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake_driver.c");
        let status = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg(source)
            .status()
            .expect("there is a C compiler");
        assert!(status.success());
        Driver::load(&library).unwrap()
    }

    #[test]
    fn a_driver_tells_its_devices_and_their_free_memory() {
        let folder = tempfile::tempdir().unwrap();
        let driver = fake(folder.path());
        let gpu = |index, name: &str, gib: u64| CudaGpu {
            index,
            name: name.to_owned(),
            memory_bytes: gib << 30,
        };
        assert_eq!(
            driver.gpus(),
            Ok(vec![gpu(0, "Large GPU", 80), gpu(1, "Small GPU", 8)])
        );
        assert_eq!(driver.free_bytes(0), Ok(79 << 30));
        assert_eq!(driver.free_bytes(1), Ok(7 << 30));
        assert_eq!(
            driver.free_bytes(2),
            Err("the NVIDIA driver answers cuDeviceGet with error 101".to_owned())
        );
    }

    #[test]
    fn a_machine_without_a_driver_is_a_clause() {
        let missing = Driver::load("/nowhere/libcuda.so.1").err();
        assert_eq!(
            missing.as_deref(),
            Some("this machine has no NVIDIA driver")
        );
    }
}
