//! Describes the CPU that computes a trial.

/// The device name of this CPU, with the widest instruction set that the kernels use: for example `cpu (avx512)`.
///
/// The same build gives the same bits on the same instruction set. Instruction sets agree within float tolerance.
#[must_use]
pub fn describe_cpu() -> String {
    format!("cpu ({})", instruction_set())
}

/// The widest instruction set that the kernels use on this CPU: `avx512`, `avx2`, `x86-64`, or the architecture.
#[must_use]
#[cfg(target_arch = "x86_64")]
pub fn instruction_set() -> &'static str {
    if std::arch::is_x86_feature_detected!("avx512f") {
        "avx512"
    } else if std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("fma")
    {
        "avx2"
    } else {
        "x86-64"
    }
}

/// The widest instruction set that the kernels use on this CPU: `avx512`, `avx2`, `x86-64`, or the architecture.
#[must_use]
#[cfg(not(target_arch = "x86_64"))]
pub fn instruction_set() -> &'static str {
    std::env::consts::ARCH
}
