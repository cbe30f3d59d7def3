//! Exported weights compute in PyTorch what they compute here: against outputs that `tests/golden/pytorch_vae.py` took
//! of modules with the same weights.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use unravel_data::{Dataset, Factor, FactorSpace, Grid, Observations};
use unravel_model::Cpu;
use unravel_model::arrays::{Array, Arrays};
use unravel_model::network::{LayerSpec, decoder_layers, encoder_layers};
use unravel_model::pytorch::to_pytorch;
use unravel_model::trained::TrainedVae;
use unravel_sweep::{Architecture, ModelConfig};

const LATENTS: usize = 3;
const N_IMAGES: usize = 2;

/// Sums of some thousand products in another order; values are of the size of 1 to 10.
const TOLERANCE: f64 = 2e-4;

/// Something irregular from 0 to 1, as in the script.
fn noise(i: usize, t: usize) -> f64 {
    let product = (12.9898 * i as f64 + 78.233 * t as f64).sin() * 43758.5453;
    product - product.floor()
}

/// The two images of the script.
#[derive(Debug)]
struct Images {
    space: FactorSpace,
    shape: [usize; 3],
}

impl Observations for Images {
    fn space(&self) -> &FactorSpace {
        &self.space
    }

    fn shape(&self) -> [usize; 3] {
        self.shape
    }

    fn content(&self) -> &str {
        "images of a formula"
    }

    fn write(&self, index: usize, out: &mut [f32]) {
        for (p, pixel) in out.iter_mut().enumerate() {
            *pixel = noise(p, 100 + index) as f32;
        }
    }
}

/// Arrays of this crate's layouts, every number its own place among all of them.
fn places(config: &ModelConfig, image: [usize; 3]) -> Arrays {
    let mut arrays = Arrays::new();
    let mut n = 0;
    let mut add = |network: &str, layers: Vec<LayerSpec>| {
        for (at, layer) in layers.iter().enumerate() {
            for (part, shape) in [
                ("weight", layer.weight_shape()),
                ("bias", layer.bias_shape()),
            ] {
                let len = shape.iter().product::<usize>();
                let values = (n..n + len).map(|place| place as f32).collect();
                arrays.insert(format!("{network}.{at}.{part}"), Array { shape, values });
                n += len;
            }
        }
    };
    let (architecture, latents) = (config.architecture, config.latents);
    add(
        "encoder",
        encoder_layers(architecture, image, latents).unwrap(),
    );
    add(
        "decoder",
        decoder_layers(architecture, image, latents).unwrap(),
    );
    // Such numbers are exact in f32.
    assert!(n < 1 << 24);
    arrays
}

/// The script's weights in this crate's layouts, found by where each number of an export came from.
fn weights(here: &Arrays, exported: &Arrays) -> Arrays {
    let mut by_place = BTreeMap::new();
    for (t, array) in exported.values().enumerate() {
        let n_read = match array.shape[..] {
            [_] => 10,
            [_, ref read @ ..] => read.iter().product(),
            [] => unreachable!("no weight is a single number"),
        };
        let scale = (6.0 / n_read as f64).sqrt();
        for (i, place) in array.values.iter().enumerate() {
            let weight = (2.0 * noise(i, t) - 1.0) * scale;
            let earlier = by_place.insert(*place as u32, weight as f32);
            assert_eq!(earlier, None, "a number is exported twice");
        }
    }
    let filled = |array: &Array| Array {
        values: array
            .values
            .iter()
            .map(|place| by_place[&(*place as u32)])
            .collect(),
        ..array.clone()
    };
    here.iter()
        .map(|(name, array)| (name.clone(), filled(array)))
        .collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

#[track_caller]
fn assert_close(what: &str, found: impl IntoIterator<Item = f64>, expected: &Value) {
    let (found, expected): (Vec<f64>, _) = (found.into_iter().collect(), numbers(expected));
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let difference = (found - expected).abs();
        assert!(
            difference < TOLERANCE,
            "{what}, {at}: {found} for {expected}"
        );
    }
}

fn check(case: &Value) {
    let image = numbers(&case["image"])
        .iter()
        .map(|x| *x as usize)
        .collect::<Vec<_>>();
    let image: [usize; 3] = image.try_into().unwrap();
    let name = case["architecture"].as_str().unwrap();
    let what = format!("{name} {image:?}");
    let config = ModelConfig {
        architecture: Architecture::from_name(name).unwrap(),
        latents: LATENTS,
        ..ModelConfig::default()
    };
    let here = places(&config, image);
    let exported = to_pytorch(&config, image, &here).unwrap();
    let shapes: BTreeMap<&str, Vec<f64>> = exported
        .iter()
        .map(|(name, array)| {
            (
                name.as_str(),
                array.shape.iter().map(|n| *n as f64).collect(),
            )
        })
        .collect();
    let expected = case["shapes"].as_object().unwrap().iter();
    let expected: BTreeMap<&str, Vec<f64>> = expected
        .map(|(name, shape)| (name.as_str(), numbers(shape)))
        .collect();
    assert_eq!(shapes, expected, "{what}");

    let device = Default::default();
    let weights = weights(&here, &exported);
    let model = TrainedVae::<Cpu>::load(&config, image, &weights, &device).unwrap();
    let space = FactorSpace::new(vec![Factor::new("image", N_IMAGES)]).unwrap();
    let grid = Grid::full(space.clone());
    let dataset = Dataset::new(
        Arc::new(Images {
            space,
            shape: image,
        }),
        grid,
    );
    let encoding = model.encode(&dataset, &[0, 1], |_| ());
    let wide = |values: &[f32]| values.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
    assert_close(
        &format!("{what}: z_mean"),
        wide(&encoding.z_mean),
        &case["z_mean"],
    );
    assert_close(
        &format!("{what}: z_logvar"),
        wide(&encoding.z_logvar),
        &case["z_logvar"],
    );

    let n_pixels = image.iter().product::<usize>();
    let step = if 1021 < n_pixels { 1021 } else { 7 };
    let pixels = wide(&model.decode(&encoding.z_mean));
    let found = pixels
        .chunks(n_pixels)
        .flat_map(|image| image.iter().step_by(step));
    // Compared as probabilities, which is what the model decodes to.
    let expected = numbers(&case["logits"])
        .into_iter()
        .map(|logit| 1.0 / (1.0 + (-logit).exp()));
    let expected = Value::from(expected.collect::<Vec<_>>());
    assert_close(&format!("{what}: pixels"), found.copied(), &expected);
}

#[test]
fn pytorch_computes_the_same_with_exported_weights() {
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/pytorch_vae.json"
    );
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(golden).unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    let names: std::collections::BTreeSet<&str> = cases
        .iter()
        .filter_map(|case| case["architecture"].as_str())
        .collect();
    assert_eq!(
        names.len(),
        Architecture::NAMES.len(),
        "every architecture has a case"
    );
    cases.iter().for_each(check);
}
