//! The hash that all randomness of the constructed representations comes from.

const SEED: u64 = 20_240_229;
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// 64 random bits for a stream and a counter: a splitmix64 generator for each stream, seeded by another one.
pub fn hash(stream: u64, counter: u64) -> u64 {
    splitmix64(splitmix64(SEED, stream), counter)
}

/// The (counter + 1)-th output of a splitmix64 generator whose state starts at `state`.
fn splitmix64(state: u64, counter: u64) -> u64 {
    let mut z = state.wrapping_add(counter.wrapping_add(1).wrapping_mul(GAMMA));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
