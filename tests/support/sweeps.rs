//! Sweeps that train in a moment.

/// Two trials of 20 steps on 24 images.
pub const TINY: &str = r#"
format-version = 1
name = "tiny"

[data]
dataset = "dsprites"
keep = { scale = 2, orientation = 1, pos-x = 2, pos-y = 2 }

[model]
architecture = "conv-small"
latents = 3

[training]
steps = 20
batch-size = 4
learning-rate = 1e-3

[[arm]]
seeds = 1
objective.beta-vae = { beta = [1, 8] }

[evaluation]
metrics = ["mig"]
seeds = 2
"#;

/// [`TINY`] on the images of an npz; `keep` is the sub-grid's line, or nothing.
pub fn tiny_on_npz(npz: &str, keep: &str) -> String {
    let line = |key: &str| TINY.lines().find(|line| line.starts_with(key)).unwrap();
    TINY.replace(line("dataset"), &format!("npz = \"{npz}\""))
        .replace(line("keep"), keep)
}

/// Five trials, of both families and of several cohorts, which train for a second or so each; scored on the way too.
pub const LONGER: &str = r#"
format-version = 1
name = "longer"

[data]
dataset = "dsprites"
keep = { scale = 2, orientation = 2, pos-x = 2, pos-y = 2 }

[model]
architecture = "conv-small"
latents = 4

[training]
steps = 240
batch-size = 8
learning-rate = 1e-3

[[arm]]
seeds = 2
objective.beta-vae = { beta = [1, 4] }

[[arm]]
seeds = 1
objective.factor-vae = { gamma = 10, discriminator = { layers = 2, units = 16 } }

[evaluation]
metrics = ["mig", "beta-vae-score"]
seeds = 1
at = [100]
"#;

/// The committed sweep of this name, such as `smoke`.
pub fn committed(name: &str) -> String {
    let path = format!("{}/../../sweeps/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("the sweep is committed")
}
