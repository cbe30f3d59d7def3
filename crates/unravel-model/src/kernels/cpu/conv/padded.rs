//! Pads images with zeros.

/// Copies `[height, width, channels]` into `[height + 2, width + 2, channels]`, with zeros around it.
pub fn pad(image: &[f32], [height, width, channels]: [usize; 3], out: &mut [f32]) {
    let row_len = (width + 2) * channels;
    out[..row_len].fill(0.0);
    out[(height + 1) * row_len..][..row_len].fill(0.0);
    let rows = image.chunks_exact(width * channels);
    for (row, target) in rows.zip(out[row_len..].chunks_exact_mut(row_len)) {
        target[..channels].fill(0.0);
        target[channels..row_len - channels].copy_from_slice(row);
        target[row_len - channels..].fill(0.0);
    }
}
