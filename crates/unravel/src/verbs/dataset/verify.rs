//! `unravel dataset verify`: compares an npz with the rendering.

use serde_json::json;
use unravel_data::{FactorSpace, Verification, verify_npz};

use super::VerifyArgs;
use crate::exit::{Exit, Failure};
use crate::progress::task::Task;
use crate::stdout;

/// Compares every pixel and prints the differences.
pub fn verify(args: &VerifyArgs) -> Result<Exit, Failure> {
    let mut task = Task::new("verifying", "images", args.quiet);
    let verified = verify_npz(&args.file, |done, total| task.set(done, total));
    drop(task);
    let found = verified.map_err(Failure::usage)?;
    if args.json {
        stdout::json(&to_json(&found));
    } else {
        let file = args.file.display();
        sentences(&found)
            .iter()
            .for_each(|sentence| stdout::line(&format!("{file}: {sentence}")));
    }
    Ok(if found.is_identical() {
        Exit::Success
    } else {
        Exit::CheckFailed
    })
}

fn to_json(found: &Verification) -> serde_json::Value {
    let image = |index: &usize| {
        let factors: serde_json::Map<_, _> = factors(*index)
            .into_iter()
            .map(|(name, value)| (name, json!(value)))
            .collect();
        json!({ "index": index, "factors": factors })
    };
    json!({
        "identical": found.is_identical(),
        "images": found.n_images,
        "differing_images": found.differing_images,
        "differing_pixels": found.differing_pixels,
        "first_differing": found.first_differing.iter().map(image).collect::<Vec<_>>(),
        "official_order": found.official_order,
        "differing_values": found.differing_values,
    })
}

/// The result in sentences.
fn sentences(found: &Verification) -> Vec<String> {
    let images = stdout::count(found.n_images, "image");
    let mut sentences = match (found.differing_images, found.differing_pixels) {
        (0, _) => vec![format!("all {images} are identical to the rendering")],
        (n, n_pixels) => vec![format!(
            "{} of {images} differ from the rendering, in {}",
            stdout::thousands(n as u64),
            stdout::count(n_pixels as usize, "pixel"),
        )],
    };
    for index in &found.first_differing {
        let factors: Vec<String> = factors(*index)
            .into_iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        sentences.push(format!("image {index} differs: {}", factors.join(", ")));
    }
    match found.first_differing.len() {
        n if n < found.differing_images => {
            let rest = stdout::thousands((found.differing_images - n) as u64);
            sentences.push(format!("{rest} more differ"));
        }
        _ => {}
    }
    match found.differing_values {
        Some(0) => {}
        Some(n) => {
            let rows = stdout::count(n, "row");
            sentences.push(format!("latents_values differs in {rows}"));
        }
        None => sentences.push("the file has no latents_values".to_owned()),
    }
    if !found.official_order {
        sentences.push("the order of the rows differs from the official file".to_owned());
    }
    sentences
}

/// Name and value of each factor of an image, slowest first.
fn factors(index: usize) -> Vec<(String, usize)> {
    let space = FactorSpace::dsprites();
    let mut values = vec![0; space.n_factors()];
    space.factors_of(index, &mut values);
    space
        .factors()
        .iter()
        .map(|factor| factor.name.clone())
        .zip(values)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identical() -> Verification {
        Verification {
            n_images: 737_280,
            differing_images: 0,
            differing_pixels: 0,
            first_differing: Vec::new(),
            official_order: true,
            differing_values: Some(0),
        }
    }

    #[test]
    fn an_identical_file_takes_one_sentence() {
        let expected = "all 737,280 images are identical to the rendering";
        assert_eq!(sentences(&identical()), [expected]);
        let mut other = identical();
        (other.official_order, other.differing_values) = (false, None);
        assert_eq!(sentences(&other).len(), 3);
        assert_eq!(to_json(&other)["identical"], true);
    }

    #[test]
    fn differing_images_are_told_by_their_factors() {
        let found = Verification {
            differing_images: 12,
            differing_pixels: 1,
            first_differing: vec![33, 245_760],
            differing_values: Some(1),
            ..identical()
        };
        let text = sentences(&found);
        assert_eq!(
            text[0],
            "12 of 737,280 images differ from the rendering, in 1 pixel"
        );
        assert_eq!(
            text[1],
            "image 33 differs: shape 0, scale 0, orientation 0, pos-x 1, pos-y 1"
        );
        assert_eq!(
            text[3..],
            ["10 more differ", "latents_values differs in 1 row"]
        );
        let json = to_json(&found);
        assert_eq!(json["first_differing"][1]["factors"]["shape"], 1);
        assert_eq!(json["identical"], false);
    }
}
