//! What the CUDA driver says of the machine, asked without linking to it.

use std::ffi::{CStr, c_char, c_int, c_uint};

use libloading::Library;

use crate::CudaGpu;

/// The driver's library, which comes with the driver and not with the toolkit.
const LIBRARY: &str = if cfg!(windows) {
    "nvcuda.dll"
} else {
    "libcuda.so.1"
};

/// The devices that the driver shows (it heeds `CUDA_VISIBLE_DEVICES`).
///
/// # Errors
/// A clause that says why there are none.
pub fn visible() -> Result<Vec<CudaGpu>, String> {
    // SAFETY: the library is NVIDIA's driver; loading it runs its initialisers only.
    let library = unsafe { Library::new(LIBRARY) }
        .map_err(|_| "this machine has no NVIDIA driver".to_owned())?;
    let driver = Driver { library };
    driver.check("cuInit", |f: unsafe extern "C" fn(c_uint) -> c_int| {
        // SAFETY: as the driver's interface has it; so below.
        unsafe { f(0) }
    })?;
    let mut n: c_int = 0;
    driver.check(
        "cuDeviceGetCount",
        |f: unsafe extern "C" fn(*mut c_int) -> c_int| unsafe { f(&raw mut n) },
    )?;
    if n <= 0 {
        return Err("the driver shows no device".to_owned());
    }
    (0..n).map(|index| driver.gpu(index)).collect()
}

struct Driver {
    library: Library,
}

impl Driver {
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

    fn gpu(&self, index: c_int) -> Result<CudaGpu, String> {
        type Get = unsafe extern "C" fn(*mut c_int, c_int) -> c_int;
        type Name = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int;
        type Memory = unsafe extern "C" fn(*mut usize, c_int) -> c_int;
        let mut device: c_int = 0;
        let mut name = [0 as c_char; 256];
        let mut memory_bytes = 0usize;
        // SAFETY: each pointer is to a variable that outlives the call, and the name's length is given.
        self.check("cuDeviceGet", |f: Get| unsafe { f(&raw mut device, index) })?;
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
