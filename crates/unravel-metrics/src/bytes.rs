//! Bytes of arrays.

/// A number of bytes: wide enough for products of several numbers that a file may claim.
pub(crate) type Bytes = u128;

/// Bytes of an array of `T` with these lengths.
pub(crate) fn array_bytes<T>(lengths: &[usize]) -> Bytes {
    let elements = lengths.iter().map(|&length| length as Bytes);
    elements.fold(size_of::<T>() as Bytes, Bytes::saturating_mul)
}
