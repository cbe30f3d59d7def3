//! Pixels as bits: value `p` is bit `p % 64`, from the lowest, of word `p / 64`.

/// The eight floats of every byte, lowest bit first; 8 KB, so it stays in the first cache.
static FLOATS_OF_BYTE: [[f32; 8]; 256] = floats_of_byte();

const fn floats_of_byte() -> [[f32; 8]; 256] {
    let mut table = [[0.0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            if (byte >> bit) & 1 == 1 {
                table[byte][bit] = 1.0;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
}

/// Number of words that hold `n` bits.
pub(crate) fn n_words(n: usize) -> usize {
    n.div_ceil(64)
}

/// Writes each bit as 0.0 or 1.0; `out` may end inside the last word.
pub(crate) fn unpack(words: &[u64], out: &mut [f32]) {
    debug_assert_eq!(words.len(), n_words(out.len()));
    for (&word, out) in words.iter().zip(out.chunks_mut(64)) {
        // Most rows of a sprite are empty.
        if word == 0 {
            out.fill(0.0);
            continue;
        }
        for (byte, out) in word.to_le_bytes().into_iter().zip(out.chunks_mut(8)) {
            let floats = &FLOATS_OF_BYTE[usize::from(byte)];
            if let Ok(out) = <&mut [f32; 8]>::try_from(&mut *out) {
                *out = *floats;
            } else {
                out.copy_from_slice(&floats[..out.len()]);
            }
        }
    }
}

/// Packs bytes that are 0 or 1; `false`, with `words` unspecified, when one is neither.
pub(crate) fn pack(bytes: &[u8], words: &mut [u64]) -> bool {
    debug_assert_eq!(words.len(), n_words(bytes.len()));
    let mut seen = 0;
    for (chunk, word) in bytes.chunks(64).zip(words) {
        *word = 0;
        for (i, eight) in chunk.chunks(8).enumerate() {
            let mut padded = [0; 8];
            padded[..eight.len()].copy_from_slice(eight);
            let lanes = u64::from_le_bytes(padded);
            seen |= lanes;
            // Gathers the lowest bit of each byte in the top byte, first byte lowest.
            let byte = lanes.wrapping_mul(0x0102_0408_1020_4080) >> 56;
            *word |= byte << (8 * i);
        }
    }
    seen & !0x0101_0101_0101_0101 == 0
}

/// Bit `p` of `words` as a byte, 0 or 1, for every value of `out`.
pub(crate) fn unpack_bytes(words: &[u64], out: &mut [u8]) {
    debug_assert_eq!(words.len(), n_words(out.len()));
    for (&word, out) in words.iter().zip(out.chunks_mut(64)) {
        for (bit, out) in out.iter_mut().enumerate() {
            *out = u8::from(word >> bit & 1 == 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits in no pattern: a multiplicative generator.
    fn bytes(n: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 63) as u8
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn packing_and_unpacking_agree_at_every_length() {
        for n in 1..200 {
            let bytes = bytes(n);
            let mut words = vec![u64::MAX; n_words(n)];
            assert!(pack(&bytes, &mut words));
            for (p, &byte) in bytes.iter().enumerate() {
                assert_eq!(words[p / 64] >> (p % 64) & 1, u64::from(byte));
            }
            let (mut back, mut floats) = (vec![9; n], vec![9.0; n]);
            unpack_bytes(&words, &mut back);
            unpack(&words, &mut floats);
            assert_eq!(back, bytes);
            assert!(floats.iter().zip(&bytes).all(|(&f, &b)| f == f32::from(b)));
        }
    }

    #[test]
    fn a_byte_above_one_is_noticed_wherever_it_is() {
        for n in [1, 8, 64, 65, 77] {
            for at in 0..n {
                let mut bytes = bytes(n);
                bytes[at] = 2;
                assert!(!pack(&bytes, &mut vec![0; n_words(n)]));
            }
        }
    }
}
