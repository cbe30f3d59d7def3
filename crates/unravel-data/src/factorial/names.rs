//! Names of factors, as NumPy stores text.

use super::FactorialKeys;
use crate::arrays::{Archive, ArrayFault, NpzError};

/// The most bytes of a name in the file; all take as many as the longest.
const MAX_NAME_BYTES: usize = 4096;

/// The names, one per column, if the file has them.
pub(super) fn names(
    archive: &mut Archive,
    keys: FactorialKeys,
    n_columns: usize,
) -> Result<Option<Vec<String>>, NpzError> {
    if !archive.has(keys.names) {
        return Ok(None);
    }
    let array = archive.array(keys.names)?;
    if array.shape() != [n_columns as u64] {
        return Err(array.wrong_shape(format!(
            "[{n_columns}], one name per column of {},",
            keys.classes
        )));
    }
    let place = array.place();
    let (wide, length) = match array.descr().split_at_checked(2) {
        Some(("<U", length)) => (true, length.parse::<usize>()),
        Some(("|S", length)) => (false, length.parse::<usize>()),
        _ => {
            return Err(array.wrong_dtype("text (str)", "x.astype(str) writes its values as text"));
        }
    };
    let length = length.unwrap_or(0).saturating_mul(if wide { 4 } else { 1 });
    if length == 0 {
        let reason = "the names are empty".to_owned();
        return Err(array.fault(ArrayFault::Names { reason }));
    }
    if MAX_NAME_BYTES < length {
        let reason = format!("the names have {length} bytes each, more than {MAX_NAME_BYTES}");
        return Err(array.fault(ArrayFault::Names { reason }));
    }
    let bytes = array.raw(n_columns * length)?;
    let decoded = bytes.chunks_exact(length).map(|name| decode(name, wide));
    match decoded.collect() {
        Some(names) => Ok(Some(names)),
        None => {
            let reason = "a name is not valid text".to_owned();
            Err(place.fault(ArrayFault::Names { reason }))
        }
    }
}

/// A name of fixed width, padded with zeros: UTF-32 when `wide`, else UTF-8.
fn decode(bytes: &[u8], wide: bool) -> Option<String> {
    let text = if wide {
        let (words, _) = bytes.as_chunks::<4>();
        let chars = words
            .iter()
            .map(|&word| char::from_u32(u32::from_le_bytes(word)));
        chars.collect::<Option<String>>()?
    } else {
        str::from_utf8(bytes).ok()?.to_owned()
    };
    Some(text.trim_end_matches('\0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_their_padding() {
        assert_eq!(decode(b"posX\0\0", false).as_deref(), Some("posX"));
        assert_eq!(
            decode(b"\xce\x00\0\0\xb2\x03\0\0\0\0\0\0", true).as_deref(),
            Some("Îβ")
        );
        assert_eq!(decode(b"\xff\xff\xff\xff", true), None);
        assert_eq!(decode(b"\xff", false), None);
    }
}
