//! The coloured and the noisy dSprites of Locatello et al. 2019, "Challenging Common Assumptions".
//!
//! There, colour and noise are drawn anew whenever an image is asked for, so that an image is not
//! an observation of its factors alone. Here each image has its own, drawn once from its number.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::dsprites::{Dsprites, SIDE};
use crate::observations::Observations;
use crate::space::FactorSpace;

/// Channels of an image: red, green, blue.
const CHANNELS: usize = 3;

/// dSprites in three channels: 64x64 pixels, factors and numbering as in [`Dsprites`].
pub struct DspritesVariant {
    sprites: Dsprites,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Color,
    Noisy,
}

impl DspritesVariant {
    /// Each sprite in a colour of its own on black: red, green and blue uniform in `[0.5, 1)`.
    #[must_use]
    pub fn color() -> Self {
        Self {
            sprites: Dsprites::new(),
            kind: Kind::Color,
        }
    }

    /// White sprites on noise: every channel of every pixel uniform in `[0, 1)`, or 1 in the sprite.
    #[must_use]
    pub fn noisy() -> Self {
        Self {
            sprites: Dsprites::new(),
            kind: Kind::Noisy,
        }
    }

    /// The random numbers of an image.
    fn stream(&self, index: usize) -> ChaCha8Rng {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&(index as u64).to_le_bytes());
        key[8..24].copy_from_slice(match self.kind {
            Kind::Color => b"dsprites-color-1",
            Kind::Noisy => b"dsprites-noisy-1",
        });
        ChaCha8Rng::from_seed(key)
    }
}

/// Uniform in `[0, 1)`, in steps of 2^-24.
fn unit(stream: &mut ChaCha8Rng) -> f32 {
    (stream.next_u32() >> 8) as f32 * (1.0 / (1 << 24) as f32)
}

impl Observations for DspritesVariant {
    fn space(&self) -> &FactorSpace {
        self.sprites.space()
    }

    fn shape(&self) -> [usize; 3] {
        [SIDE, SIDE, CHANNELS]
    }

    fn write(&self, index: usize, out: &mut [f32]) {
        assert_eq!(out.len(), SIDE * SIDE * CHANNELS, "three values per pixel");
        let rows = self.sprites.rows(index);
        let mut stream = self.stream(index);
        let is_on = |pixel: usize| rows[pixel / SIDE] >> (pixel % SIDE) & 1 == 1;
        let pixels = out.chunks_exact_mut(CHANNELS).enumerate();
        match self.kind {
            Kind::Color => {
                let color: [f32; CHANNELS] = std::array::from_fn(|_| 0.5 + 0.5 * unit(&mut stream));
                for (pixel, out) in pixels {
                    let on = if is_on(pixel) { color } else { [0.0; CHANNELS] };
                    out.copy_from_slice(&on);
                }
            }
            Kind::Noisy => {
                for (pixel, out) in pixels {
                    // The sprite's 1 and the noise add up to 1 or more, and 1 is the most there is.
                    for value in out {
                        let noise = unit(&mut stream);
                        *value = if is_on(pixel) { 1.0 } else { noise };
                    }
                }
            }
        }
    }

    fn content(&self) -> &str {
        match self.kind {
            Kind::Color => "dsprites-rendered-1-color-1",
            Kind::Noisy => "dsprites-rendered-1-noisy-1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDICES: [usize; 4] = [0, 1, 400_000, 737_279];

    fn images(variant: &DspritesVariant, index: usize) -> (Vec<f32>, Vec<f32>) {
        let (mut plain, mut image) = (vec![0.0; 64 * 64], vec![0.0; 64 * 64 * 3]);
        Dsprites::new().write(index, &mut plain);
        variant.write(index, &mut image);
        (plain, image)
    }

    #[test]
    fn a_coloured_sprite_has_one_bright_colour_on_black() {
        let mut colors = Vec::new();
        for index in INDICES {
            let (plain, image) = images(&DspritesVariant::color(), index);
            let on = plain.iter().position(|value| *value == 1.0).unwrap();
            let color = &image[3 * on..3 * on + 3];
            assert!(color.iter().all(|value| (0.5..1.0).contains(value)));
            for (plain, pixel) in plain.iter().zip(image.chunks(3)) {
                assert_eq!(
                    pixel,
                    [color[0] * plain, color[1] * plain, color[2] * plain]
                );
            }
            colors.push(color.to_vec());
        }
        assert!(colors.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn a_noisy_image_is_a_white_sprite_on_uniform_noise() {
        for index in INDICES {
            let (plain, image) = images(&DspritesVariant::noisy(), index);
            let mut noise = Vec::new();
            for (plain, pixel) in plain.iter().zip(image.chunks(3)) {
                match *plain {
                    1.0 => assert_eq!(pixel, [1.0; 3]),
                    _ => noise.extend(pixel.iter().map(|value| f64::from(*value))),
                }
            }
            let n = noise.len() as f64;
            let mean = noise.iter().sum::<f64>() / n;
            let square = noise.iter().map(|value| value * value).sum::<f64>() / n;
            // Standard errors of the moments of a uniform number: 0.289 and 0.298 over sqrt n.
            assert!((mean - 0.5).abs() < 4.0 * 0.289 / n.sqrt(), "{mean}");
            assert!(
                (square - 1.0 / 3.0).abs() < 4.0 * 0.298 / n.sqrt(),
                "{square}"
            );
            assert!(noise.iter().all(|value| (0.0..1.0).contains(value)));
        }
    }

    #[test]
    fn an_image_is_the_same_at_all_times_and_another_for_each_point() {
        for variant in [DspritesVariant::color, DspritesVariant::noisy] {
            let image = |index| images(&variant(), index).1;
            assert_eq!(image(5), image(5));
            assert_ne!(image(5), image(6));
        }
        assert_ne!(
            DspritesVariant::color().content(),
            DspritesVariant::noisy().content()
        );
    }
}
