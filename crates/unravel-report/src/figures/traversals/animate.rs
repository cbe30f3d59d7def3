//! Traversals as an animation: one image per code, in which this code varies.

use crate::picture_sheet::Sheet;
use gif::{Encoder, Frame, Repeat};
use std::io;

/// The duration of a frame, and of the first and last frame, in hundredths of a second.
const DELAY: u16 = 9;
const REST: u16 = 30;
/// Images per row.
const COLUMNS: usize = 5;
/// The speed of gif's quantiser for colour images: 1 gives the best palette, 30 is the fastest.
const PALETTE_SPEED: i32 = 20;

/// A GIF file that loops through the columns of `sheet`, forwards and backwards. A frame has one image per row of the
/// sheet. `None` if there are fewer than two columns or the frames are too large for a GIF.
///
/// # Errors
/// If the frames cannot be encoded.
pub fn animation(sheet: &Sheet<'_>) -> io::Result<Option<Vec<u8>>> {
    let n_values = sheet.rows.iter().map(Vec::len).min().unwrap_or(0);
    if n_values < 2 {
        return Ok(None);
    }
    let failed = |error: gif::EncodingError| io::Error::other(error.to_string());
    let columns = (0..n_values).chain((1..n_values - 1).rev());
    let frames = columns.map(|value| Some((value, still(sheet, value).rgb()?)));
    let Some(frames) = frames.collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let (width, height) = frames
        .first()
        .map_or((1, 1), |(_, frame)| (frame.0, frame.1));
    let is_grey = sheet.shape[2] == 1;
    let greys: Vec<u8> = (0..=255).flat_map(|grey| [grey; 3]).collect();
    let palette = if is_grey { greys.as_slice() } else { &[] };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height, palette).map_err(failed)?;
    encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
    for (value, (width, height, pixels)) in frames {
        let mut frame = if is_grey {
            let indices: Vec<u8> = pixels.iter().map(|pixel| pixel[0]).collect();
            Frame {
                width,
                height,
                buffer: indices.into(),
                ..Frame::default()
            }
        } else {
            Frame::from_rgb_speed(width, height, pixels.as_flattened(), PALETTE_SPEED)
        };
        let is_end = value == 0 || value == n_values - 1;
        frame.delay = if is_end { REST } else { DELAY };
        encoder.write_frame(&frame).map_err(failed)?;
    }
    drop(encoder);
    Ok(Some(bytes))
}

/// The pictures of one column, side by side.
fn still<'a>(sheet: &Sheet<'a>, value: usize) -> Sheet<'a> {
    let pictures: Vec<&[u8]> = sheet.rows.iter().map(|row| row[value]).collect();
    Sheet {
        shape: sheet.shape,
        rows: pictures.chunks(COLUMNS).map(<[_]>::to_vec).collect(),
        labels: Vec::new(),
        dimmed: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_along_the_values_and_back() {
        let (black, grey, white) = ([0_u8; 16], [128_u8; 16], [255_u8; 16]);
        let row: Vec<&[u8]> = vec![&black, &grey, &white];
        let sheet = Sheet {
            shape: [4, 4, 1],
            rows: vec![row.clone(), row],
            labels: Vec::new(),
            dimmed: Vec::new(),
        };
        let bytes = animation(&sheet).unwrap().unwrap();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(bytes.as_slice()).unwrap();
        let mut firsts = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            firsts.push(frame.buffer[0]);
        }
        assert_eq!(firsts, [0, 128, 255, 128]);
        assert_eq!(decoder.repeat(), Repeat::Infinite);
    }

    #[test]
    fn nothing_moves_with_one_value() {
        let black = [0_u8; 16];
        let sheet = Sheet {
            shape: [4, 4, 1],
            rows: vec![vec![&black]],
            labels: Vec::new(),
            dimmed: Vec::new(),
        };
        assert_eq!(animation(&sheet).unwrap(), None);
    }
}
