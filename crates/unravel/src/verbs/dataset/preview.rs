//! `unravel dataset preview`: a contact sheet of dSprites as PNG.

use unravel_data::{Dsprites, Sheet};
use unravel_store::export::write_file;

use super::PreviewArgs;
use crate::exit::{Exit, Failure};
use crate::stdout;

/// Draws the sheet and prints its path.
pub fn preview(args: &PreviewArgs) -> Result<Exit, Failure> {
    let out = args.out.display();
    let failed = |error: &dyn std::fmt::Display| {
        let sentence = format!(
            "cannot write `{out}`: {error}; check the folder, its permissions and the free space, or choose another path with \
             --out"
        );
        Failure::new(Exit::BadStore, sentence)
    };
    let sheet = unravel_data::preview(&Dsprites::new());
    let bytes = encode(&sheet).map_err(|error| failed(&error))?;
    write_file(&args.out, &bytes).map_err(|error| failed(&error))?;
    stdout::line(&format!("{out}: {} x {} pixels", sheet.width, sheet.height));
    Ok(Exit::Success)
}

/// The sheet as a PNG of 8-bit gray.
fn encode(sheet: &Sheet) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    // A sheet is some hundred pixels wide and high.
    let mut encoder = png::Encoder::new(&mut bytes, sheet.width as u32, sheet.height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&sheet.gray)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pixels_come_back() {
        let sheet = Sheet {
            width: 3,
            height: 2,
            gray: vec![0, 255, 96, 1, 2, 3],
        };
        let bytes = encode(&sheet).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, pixels), (3, 2, sheet.gray));
    }
}
