//! What a person reads who made a mistake: every fault with its place, all of them at once.

use unravel_sweep::parse;

/// The faults of this text, as plain text.
fn faults(text: &str) -> String {
    match parse(text) {
        Ok(sweep) => panic!("nothing is wrong with {sweep:?}"),
        Err(faults) => faults.to_string(),
    }
}

/// The faults of a sweep with format and name already written, on lines 1 and 2.
fn faults_below_name(text: &str) -> String {
    faults(&format!("format-version = 1\nname = \"s\"\n{text}"))
}

#[test]
fn unknown_keys_get_the_nearest_known_one() {
    let text = r#"nmae = "t"

[training]
stepz = 300
batch_size = 64
latents = 5
epochs = 3

[[arm]]
objective.beta-vae = { beta = 4 }
sedes = 3
learning-rate = 1e-3
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    3:1: unknown key `nmae` in the sweep
      3 | nmae = "t"
        | ^^^^ unknown key
      help: did you mean `name`?

    6:1: unknown key `stepz` in [training]
      6 | stepz = 300
        | ^^^^^ unknown key
      help: did you mean `steps`?

    7:1: unknown key `batch_size` in [training]
      7 | batch_size = 64
        | ^^^^^^^^^^ unknown key
      help: did you mean `batch-size`?

    8:1: unknown key `latents` in [training]
      8 | latents = 5
        | ^^^^^^^ unknown key
      help: did you mean `model.latents`?

    9:1: unknown key `epochs` in [training]
      9 | epochs = 3
        | ^^^^^^ unknown key
      help: the keys of [training] are `steps`, `batch-size`, `learning-rate`, `adam-beta1`, `adam-beta2`, `adam-epsilon`

    13:1: unknown key `sedes` in [[arm]]
      13 | sedes = 3
         | ^^^^^ unknown key
      help: did you mean `seeds`?

    14:1: unknown key `learning-rate` in [[arm]]
      14 | learning-rate = 1e-3
         | ^^^^^^^^^^^^^ unknown key
      help: did you mean `training.learning-rate`?
    "#);
}

#[test]
fn wrong_types_are_named() {
    let text = r#"
[model]
latents = "ten"

[training]
steps = 3e5
batch-size = 64.5
learning-rate = true

[[arm]]
seeds = "all"
objective.beta-vae = 4
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:11: `latents` must be a whole number from 1 to 1,000, but is the string "ten"
      5 | latents = "ten"
        |           ^^^^^ must be a whole number from 1 to 1,000

    8:9: `steps` must be a whole number from 1 to 1,000,000,000, but is 3e5
      8 | steps = 3e5
        |         ^^^ a number with a fraction or exponent
      help: write 300000

    9:14: `batch-size` must be a whole number from 1 to 65,536, but is 64.5
      9 | batch-size = 64.5
        |              ^^^^ must be a whole number from 1 to 65,536

    10:17: `learning-rate` must be a finite number above 0, but is true
      10 | learning-rate = true
         |                 ^^^^ must be a finite number above 0

    13:9: `seeds` must be a whole number, 0 or more, but is the string "all"
      13 | seeds = "all"
         |         ^^^^^ must be a whole number, 0 or more

    14:22: `beta-vae` must be a table, but is 4
      14 | objective.beta-vae = 4
         |                      ^ not a table
      help: write objective.beta-vae = { beta = [1, 4] }
    "#);
}

#[test]
fn numbers_out_of_range_are_refused() {
    let text = r#"
[model]
latents = 0

[training]
steps = 0
batch-size = -1
learning-rate = 0
adam-beta1 = 1.0

[[arm]]
objective.beta-vae = { beta = [-1, nan, inf, 4] }

[[arm]]
objective.factor-vae = { gamma = -0.5, discriminator = { layers = 0 } }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:11: `latents` must be a whole number from 1 to 1,000, but is 0
      5 | latents = 0
        |           ^ must be a whole number from 1 to 1,000

    8:9: `steps` must be a whole number from 1 to 1,000,000,000, but is 0
      8 | steps = 0
        |         ^ must be a whole number from 1 to 1,000,000,000

    9:14: `batch-size` must be a whole number from 1 to 65,536, but is -1
      9 | batch-size = -1
        |              ^^ must be a whole number from 1 to 65,536

    10:17: `learning-rate` must be a finite number above 0, but is 0
      10 | learning-rate = 0
         |                 ^ must be a finite number above 0

    11:14: `adam-beta1` must be a number of at least 0 and less than 1, but is 1.0
      11 | adam-beta1 = 1.0
         |              ^^^ must be a number of at least 0 and less than 1

    14:32: `beta` must be a finite number of at least 0, but is -1
      14 | objective.beta-vae = { beta = [-1, nan, inf, 4] }
         |                                ^^ must be a finite number of at least 0

    14:36: `beta` must be a finite number of at least 0, but is nan
      14 | objective.beta-vae = { beta = [-1, nan, inf, 4] }
         |                                    ^^^ must be a finite number of at least 0

    14:41: `beta` must be a finite number of at least 0, but is inf
      14 | objective.beta-vae = { beta = [-1, nan, inf, 4] }
         |                                         ^^^ must be a finite number of at least 0

    17:34: `gamma` must be a finite number of at least 0, but is -0.5
      17 | objective.factor-vae = { gamma = -0.5, discriminator = { layers = 0 } }
         |                                  ^^^^ must be a finite number of at least 0

    17:67: `layers` must be a whole number from 1 to 64, but is 0
      17 | objective.factor-vae = { gamma = -0.5, discriminator = { layers = 0 } }
         |                                                                   ^ must be a whole number from 1 to 64
    "#);
}

#[test]
fn empty_lists_and_repeats_are_refused() {
    let text = r#"
[[arm]]
seeds = []
objective.beta-vae = { beta = [] }

[[arm]]
seeds = 0
objective.beta-vae = { beta = [4, 1, 4.0] }

[evaluation]
metrics = []
variants = ["exact", "exact"]
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:9: `seeds` is an empty list
      5 | seeds = []
        |         ^^ no values

    6:31: `beta` is an empty list
      6 | objective.beta-vae = { beta = [] }
        |                               ^^ no values

    9:9: `seeds` must be at least 1, or a list of seeds
      9 | seeds = 0
        |         ^ no seeds
      help: write seeds = 1, or seeds = [0]

    10:38: `beta` lists 4 twice
      10 | objective.beta-vae = { beta = [4, 1, 4.0] }
         |                                      ^^^ duplicate value

    13:11: `metrics` is an empty list
      13 | metrics = []
         |           ^^ no values

    14:22: `variants` lists "exact" twice
      14 | variants = ["exact", "exact"]
         |                      ^^^^^^^ duplicate value
    "#);
}

#[test]
fn unknown_names_get_the_nearest_known_one() {
    let text = r#"
[data]
dataset = "dsprite"

[model]
architecture = "conv-locatelo"

[[arm]]
objective.betavae = { beta = 1 }

[[arm]]
objective.factor-vae = { gamma = 1, permuted-batch = "third" }

[evaluation]
metrics = ["beta-vae", "mig-score", "dki"]
variants = ["study", "exakt"]
representations = ["means"]

[report]
figures = ["tradeoff"]
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:11: unknown dataset "dsprite"
      5 | dataset = "dsprite"
        |           ^^^^^^^^^ unknown dataset
      help: did you mean "dsprites"?

    8:16: unknown architecture "conv-locatelo"
      8 | architecture = "conv-locatelo"
        |                ^^^^^^^^^^^^^^^ unknown architecture
      help: did you mean "conv-locatello"?

    11:11: unknown objective "betavae"
      11 | objective.betavae = { beta = 1 }
         |           ^^^^^^^ unknown objective
      help: did you mean "beta-vae"?

    14:54: unknown permuted-batch "third"
      14 | objective.factor-vae = { gamma = 1, permuted-batch = "third" }
         |                                                      ^^^^^^^ unknown permuted-batch
      help: the known names are `second`, `same`

    17:12: unknown metric "beta-vae"
      17 | metrics = ["beta-vae", "mig-score", "dki"]
         |            ^^^^^^^^^^ unknown metric
      help: did you mean "beta-vae-score"?

    17:24: unknown metric "mig-score"
      17 | metrics = ["beta-vae", "mig-score", "dki"]
         |                        ^^^^^^^^^^^ unknown metric
      help: did you mean "mig"?

    17:37: unknown metric "dki"
      17 | metrics = ["beta-vae", "mig-score", "dki"]
         |                                     ^^^^^ unknown metric
      help: did you mean "dci"?

    18:22: unknown variant "exakt"
      18 | variants = ["study", "exakt"]
         |                      ^^^^^^^ unknown variant
      help: did you mean "exact"?

    19:20: unknown representation "means"
      19 | representations = ["means"]
         |                    ^^^^^^^ unknown representation
      help: did you mean "mean"?

    22:12: unknown figure "tradeoff"
      22 | figures = ["tradeoff"]
         |            ^^^^^^^^^^ unknown figure
      help: did you mean "trade-off"?
    "#);
}

#[test]
fn objectives_are_complete_and_single() {
    let text = r#"
[[arm]]
seeds = 2

[[arm]]
objective = {}

[[arm]]
objective.beta-vae = { beta = 1 }
objective.factor-vae = { gamma = 1 }

[[arm]]
objective.factor-vae = { permuted-batch = "same", beta = 4 }

[[arm]]
objective.beta-vae = { beta = { log = [1, 2] } }

[[arm]]
objective.beta-vae = { beta = {} }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    4:1: this arm has no objective
      4 | [[arm]]
        | ^^^^^^^ requires `objective`
      help: write objective.beta-vae = { beta = [1, 4] }

    8:13: `objective` is empty
      8 | objective = {}
        |             ^^ no objective
      help: write objective.beta-vae = { beta = [1, 4] }

    12:11: an arm has one objective, but this one has both `beta-vae` and `factor-vae`
      12 | objective.factor-vae = { gamma = 1 }
         |           ^^^^^^^^^^ a second objective
      help: write a separate [[arm]] for each

    15:11: `objective.factor-vae` requires `gamma`
      15 | objective.factor-vae = { permuted-batch = "same", beta = 4 }
         |           ^^^^^^^^^^ no `gamma`
      help: write objective.factor-vae = { gamma = [1, 4] }

    15:51: unknown key `beta` in `objective.factor-vae`
      15 | objective.factor-vae = { permuted-batch = "same", beta = 4 }
         |                                                   ^^^^ unknown key
      help: the keys of `objective.factor-vae` are `gamma`, `permuted-batch`, `discriminator`; `beta` is a key of `objective.beta-vae`, `objective.beta-tc-vae`, `objective.combined`

    18:33: unknown key `log` in the list or schedule of `beta`
      18 | objective.beta-vae = { beta = { log = [1, 2] } }
         |                                 ^^^ unknown key
      help: did you mean `logspace`?

    21:31: `beta` must be a value or a list, not a table
      21 | objective.beta-vae = { beta = {} }
         |                               ^^ not a value or a list
      help: write a list as [a, b, c], { range = [start, end] }, { linspace = [first, last, n] } or { logspace = [first, last, n] }
    "#);
}

#[test]
fn a_million_trials_are_counted_and_refused() {
    let text = r#"
[[arm]]
seeds = 2
objective.beta-vae = { beta = 1 }

[[arm]]
seeds = 250_000
objective.beta-vae = { beta = [1, 2, 4, 8] }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    9:9: this sweep has 1,000,002 trials, but at most 200,000 are allowed
      9 | seeds = 250_000
        |         ^^^^^^^ 250,000 values
      help: an arm has every combination of its lists, here 4 of objective.beta-vae.beta × 250,000 of seeds; shorten a list, tie lists with `zip`, or split the sweep
    "#);
}

#[test]
fn endless_lists_are_counted_and_refused() {
    let text = r#"
[[arm]]
seeds = { range = [0, 9_000_000_000_000] }
objective.beta-vae = { beta = { linspace = [1, 2, 9_000_000_000_000] } }
training.learning-rate = { logspace = [1e-9, 1, 9_000_000_000_000] }
training.adam-beta1 = { linspace = [0, 0.5, 9_000_000_000_000] }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:9: this sweep has more trials than can be counted, but at most 200,000 are allowed
      5 | seeds = { range = [0, 9_000_000_000_000] }
        |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 9,000,000,000,000 values
      help: an arm has every combination of its lists, here 9,000,000,000,000 of objective.beta-vae.beta × 9,000,000,000,000 of training.learning-rate × 9,000,000,000,000 of training.adam-beta1 × 9,000,000,000,000 of seeds; shorten a list, tie lists with `zip`, or split the sweep
    "#);
}

#[test]
fn the_same_arm_twice_is_refused() {
    let text = r#"
[[arm]]
seeds = 2
objective.beta-vae = { beta = [4] }

[[arm]]
seeds = [0, 1]
objective.beta-vae = { beta = 4.0 }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    8:1: arm 2 is the same as arm 1
      8 | [[arm]]
        | ^^^^^^^ duplicate arm
      help: remove one of them, or change its keys
    "#);
}

#[test]
fn short_lists_are_checked() {
    let text = r#"
[[arm]]
seeds = { range = [5, 5] }
objective.beta-vae.beta = { logspace = [-4, -2, 3] }

[[arm]]
model.latents = { linspace = [2, 5, 3] }
training.steps = { range = [0, 3] }
objective.beta-vae.beta = { linspace = [1, 2] }

[[arm]]
model.architecture = { range = [0, 2] }
objective.beta-vae.beta = { linspace = [1, 1, 3] }
training.learning-rate = { linspace = [1, 1.5, 1] }
training.batch-size = { range = [1.5, 3] }
model.latents = { rang = [1, 2] }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:19: `range` is empty: end must be above start, and step must be at least 1
      5 | seeds = { range = [5, 5] }
        |                   ^^^^^^ no values

    6:40: the ends of `logspace` must be above 0
      6 | objective.beta-vae.beta = { logspace = [-4, -2, 3] }
        |                                        ^^^^^^^^^^^ must be above 0
      help: they are the first and the last value, not exponents; write { logspace = [1e-4, 1e-2, 3] }

    9:30: `latents` must be a whole number from 1 to 1,000, but this list contains 3.5
      9 | model.latents = { linspace = [2, 5, 3] }
        |                              ^^^^^^^^^ contains 3.5

    10:28: `steps` must be a whole number from 1 to 1,000,000,000, but this list contains 0
      10 | training.steps = { range = [0, 3] }
         |                            ^^^^^^ contains 0

    11:40: `linspace` must be [first, last, n]: two numbers and a whole number
      11 | objective.beta-vae.beta = { linspace = [1, 2] }
         |                                        ^^^^^^ not [first, last, n]
      help: write { linspace = [1, 16, 5] } for 5 values from 1 to 16

    14:32: `architecture` must be one of "conv-locatello", "conv-4x4", "conv-kim-mnih", "conv-burgess", "mlp-higgins", "conv-small", but this list contains 0
      14 | model.architecture = { range = [0, 2] }
         |                                ^^^^^^ contains 0

    15:27: `beta` lists 1 twice
      15 | objective.beta-vae.beta = { linspace = [1, 1, 3] }
         |                           ^^^^^^^^^^^^^^^^^^^^^^^^ duplicate value

    16:39: `linspace` requires n of at least 2, but n is 1
      16 | training.learning-rate = { linspace = [1, 1.5, 1] }
         |                                       ^^^^^^^^^^^ first and last are two values

    17:33: `range` must be a list of two or three whole numbers
      17 | training.batch-size = { range = [1.5, 3] }
         |                                 ^^^^^^^^ not [start, end] or [start, end, step]
      help: write { range = [0, 10] } for 0, 1, …, 9, or { range = [0, 10, 2] } for 0, 2, 4, 6, 8; use `linspace` for other numbers

    18:19: unknown key `rang` in the list of `latents`
      18 | model.latents = { rang = [1, 2] }
         |                   ^^^^ unknown key
      help: did you mean `range`?
    "#);
}

#[test]
fn tied_lists_repeat_no_row() {
    let text = r#"
[[arm]]
seeds = [3, 4, 3]
objective.beta-vae.beta = [1, 2, 1]
training.learning-rate = [1e-4, 1e-4, 1e-4]

[[arm]]
objective.beta-vae.beta = [1, 2, 1]
training.learning-rate = [1e-4, 1e-4, 1e-4]
zip = [["objective.beta-vae.beta", "training.learning-rate"]]
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:16: `seeds` lists 3 twice
      5 | seeds = [3, 4, 3]
        |                ^ duplicate value

    6:34: `beta` lists 1 twice
      6 | objective.beta-vae.beta = [1, 2, 1]
        |                                  ^ duplicate value

    7:33: `learning-rate` lists 0.0001 twice
      7 | training.learning-rate = [1e-4, 1e-4, 1e-4]
        |                                 ^^^^ duplicate value

    10:34: `beta` with `learning-rate` lists 1 with 0.0001 twice
      10 | objective.beta-vae.beta = [1, 2, 1]
         |                                  ^ duplicate value
    "#);
}

#[test]
fn zip_ties_lists_of_one_length() {
    let text = r#"
[[arm]]
objective.beta-vae.beta = [1, 2, 4]
training.learning-rate = [1e-4, 1e-3]
model.latents = 5
zip = ["objective.beta-vae.beta", "training.learning-rate"]

[[arm]]
objective.beta-vae.beta = [1, 2, 4]
training.learning-rate = [1e-4, 1e-3]
model.latents = 5
zip = [["objective.beta-vae.beta", "training.learning-rate"]]

[[arm]]
objective.beta-vae.beta = [1, 2, 4]
training.learning-rate = [1e-4, 1e-3]
model.latents = 5
zip = [["training.learning-rate"]]

[[arm]]
objective.beta-vae.beta = [1, 2, 4]
training.learning-rate = [1e-4, 1e-3]
model.latents = 5
zip = [["objective.beta-vae.beta", "training.learning-rates"]]

[[arm]]
objective.beta-vae.beta = [1, 2, 4]
training.learning-rate = [1e-4, 1e-3]
model.latents = 5
zip = [["objective.beta-vae.beta", "model.latents"]]

[[arm]]
objective.beta-vae.beta = [1, 2, 4]
training.learning-rate = [1e-4, 1e-3]
model.latents = 5
zip = [["objective.beta-vae.beta", "seeds"]]

[[arm]]
objective.beta-vae.beta = [1, 2, 4]
training.learning-rate = [1e-4, 1e-3]
model.latents = 5
zip = [["objective.beta-vae.beta", "objective.beta-vae.beta"]]

[[arm]]
objective.beta-vae.beta = [1, 2, 4]
training.learning-rate = [1e-4, 1e-3]
model.latents = 5
zip = []
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    8:8: `zip` must be a list of groups of keys
      8 | zip = ["objective.beta-vae.beta", "training.learning-rate"]
        |        ^^^^^^^^^^^^^^^^^^^^^^^^^ not a group
      help: write zip = [["objective.beta-vae.beta", "training.learning-rate"]]

    8:35: `zip` must be a list of groups of keys
      8 | zip = ["objective.beta-vae.beta", "training.learning-rate"]
        |                                   ^^^^^^^^^^^^^^^^^^^^^^^^ not a group
      help: write zip = [["objective.beta-vae.beta", "training.learning-rate"]]

    14:8: lists that `zip` ties must have the same length, but `objective.beta-vae.beta` has 3, `training.learning-rate` has 2
      14 | zip = [["objective.beta-vae.beta", "training.learning-rate"]]
         |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ different lengths

    20:8: a group of `zip` ties at least two keys
      20 | zip = [["training.learning-rate"]]
         |        ^^^^^^^^^^^^^^^^^^^^^^^^^^ fewer than two
      help: write zip = [["objective.beta-vae.beta", "training.learning-rate"]]

    26:36: unknown list of this arm "training.learning-rates"
      26 | zip = [["objective.beta-vae.beta", "training.learning-rates"]]
         |                                    ^^^^^^^^^^^^^^^^^^^^^^^^^ unknown list of this arm
      help: did you mean "training.learning-rate"?

    32:36: `zip` names `model.latents`, which is not a list in this arm
      32 | zip = [["objective.beta-vae.beta", "model.latents"]]
         |                                    ^^^^^^^^^^^^^^^ not a list
      help: write model.latents = [...] in this arm; the lists of this arm are `objective.beta-vae.beta`, `training.learning-rate`

    38:36: `zip` names `seeds`, which it cannot tie
      38 | zip = [["objective.beta-vae.beta", "seeds"]]
         |                                    ^^^^^^^ every setting has all seeds
      help: remove it

    44:36: `zip` names `objective.beta-vae.beta` twice
      44 | zip = [["objective.beta-vae.beta", "objective.beta-vae.beta"]]
         |                                    ^^^^^^^^^^^^^^^^^^^^^^^^^ already tied

    50:7: `zip` is an empty list
      50 | zip = []
         |       ^^ no values
    "#);
}

#[test]
fn keep_fits_the_factors() {
    let text = r#"
[data]
keep = { orientation = 41, scale = 0, pos-z = 4, shape = 3, pos-y = 2.5 }

[[arm]]
objective.beta-vae = { beta = 4 }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:24: `orientation` must be a whole number from 1 to 40, but is 41
      5 | keep = { orientation = 41, scale = 0, pos-z = 4, shape = 3, pos-y = 2.5 }
        |                        ^^ must be a whole number from 1 to 40

    5:36: `scale` must be a whole number from 1 to 6, but is 0
      5 | keep = { orientation = 41, scale = 0, pos-z = 4, shape = 3, pos-y = 2.5 }
        |                                    ^ must be a whole number from 1 to 6

    5:39: unknown factor "pos-z"
      5 | keep = { orientation = 41, scale = 0, pos-z = 4, shape = 3, pos-y = 2.5 }
        |                                       ^^^^^ unknown factor
      help: did you mean "pos-x"?

    5:69: `pos-y` must be a whole number from 1 to 32, but is 2.5
      5 | keep = { orientation = 41, scale = 0, pos-z = 4, shape = 3, pos-y = 2.5 }
        |                                                                     ^^^ must be a whole number from 1 to 32
    "#);
}

#[test]
fn data_has_one_source() {
    let text = r#"
[data]
dataset = "dsprites"
npz = "a.npz"

[[arm]]
objective.beta-vae = { beta = 4 }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    6:1: [data] has both `dataset` and `npz`
      6 | npz = "a.npz"
        | ^^^ a second dataset
      help: remove one of them
    "#);
}

#[test]
fn a_file_is_no_dataset_name() {
    let text = r#"
[data]
dataset = "dir/shapes.npz"
keep = 3

[[arm]]
objective.beta-vae = { beta = 4 }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:11: unknown dataset "dir/shapes.npz"
      5 | dataset = "dir/shapes.npz"
        |           ^^^^^^^^^^^^^^^^ a path
      help: write npz = "dir/shapes.npz"

    6:8: `keep` must be a table, but is 3
      6 | keep = 3
        |        ^ not a table
      help: write keep = { orientation = 10 }
    "#);
}

#[test]
fn lists_belong_in_arms() {
    let text = r#"
[training]
learning-rate = [1e-4, 1e-3]

[[arm]]
objective.beta-vae = { beta = 4 }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:17: `learning-rate` must be one value here
      5 | learning-rate = [1e-4, 1e-3]
        |                 ^^^^^^^^^^^^ not one value
      help: lists belong in an arm: `training.learning-rate = [..]` below [[arm]]
    "#);
}

#[test]
fn a_batch_of_one_has_nothing_to_permute() {
    let text = r#"
[training]
batch-size = 1

[[arm]]
objective.factor-vae.gamma = 10

[[arm]]
training.batch-size = [1, 64]
objective.factor-vae.gamma = 10

[[arm]]
objective.beta-vae = { beta = 4 }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:1: FactorVAE requires a `batch-size` of at least 2
      5 | batch-size = 1
        | ^^^^^^^^^^ a batch of 1
      help: set batch-size = 64, the usual value

    11:10: FactorVAE requires a `batch-size` of at least 2
      11 | training.batch-size = [1, 64]
         |          ^^^^^^^^^^ a batch of 1
      help: set batch-size = 64, the usual value
    "#);
}

#[test]
fn scores_are_taken_within_the_training() {
    let text = r#"
[training]
steps = 1000

[[arm]]
objective.beta-vae = { beta = 4 }

[evaluation]
at = [100, 2000]
seeds = 0
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    11:6: `at` contains step 2,000, but the longest trial has 1,000 steps
      11 | at = [100, 2000]
         |      ^^^^^^^^^^^ after the last step
      help: remove the step, or increase `training.steps`

    12:9: `seeds` must be a whole number from 1 to 1,000, but is 0
      12 | seeds = 0
         |         ^ must be a whole number from 1 to 1,000
    "#);
}

#[test]
fn at_is_a_list() {
    let text = r#"
[[arm]]
objective.beta-vae = { beta = 4 }

[evaluation]
at = 100
metrics = "mig"
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    8:6: `at` must be a list of steps
      8 | at = 100
        |      ^^^ not a list
      help: write at = [100]

    9:11: `metrics` must be a list, but is the string "mig"
      9 | metrics = "mig"
        |           ^^^^^ not a list
    "#);
}

#[test]
fn what_is_missing_is_said() {
    let text = r#"# nothing here
"#;
    insta::assert_snapshot!(faults(text), @r#"
    1:1: `format-version` is missing
      1 | # nothing here
        | ^ must be at the top
      help: write format-version = 1

    1:1: `name` is missing
      1 | # nothing here
        | ^ must be at the top
      help: write name = "my-sweep"

    1:1: this sweep has no [[arm]]
      1 | # nothing here
        | ^ a sweep requires at least one [[arm]]
      help: write [[arm]] and, below it, objective.beta-vae = { beta = [1, 4] }
    "#);
}

#[test]
fn newer_formats_are_refused_whole() {
    let text = r#"format-version = 2
anything = "else"
"#;
    insta::assert_snapshot!(faults(text), @r#"
    1:18: unsupported `format-version` 2: this version of unravel supports 1
      1 | format-version = 2
        |                  ^ unsupported format
      help: update unravel, or set format-version = 1
    "#);
}

#[test]
fn format_version_is_a_number() {
    let text = r#"format-version = "1"
name = "s"

[[arm]]
objective.beta-vae = { beta = 4 }
"#;
    insta::assert_snapshot!(faults(text), @r#"
    1:18: `format-version` must be 1, but is the string "1"
      1 | format-version = "1"
        |                  ^^^ invalid format version
      help: write format-version = 1
    "#);
}

#[test]
fn names_can_stand_in_paths() {
    let text = r#"format-version = 1
name = "../β sweep"

[[arm]]
objective.beta-vae = { beta = 4 }
"#;
    insta::assert_snapshot!(faults(text), @r#"
    2:8: `name` must have 1 to 64 characters from A-Z, a-z, 0-9, `-`, `_` and `.`; it must start with a letter or digit and must not end with `.`
      2 | name = "../β sweep"
        |        ^^^^^^^^^^^^ invalid name
      help: the report's folder has this name; write name = "sweep"
    "#);
}

#[test]
fn text_that_is_no_toml_is_said_to_be_none() {
    let text = r#"[[arm]
objective.beta-vae = { beta = [1, 2 }
x = = 3
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    3:7: this is not valid TOML: unclosed array table, expected `]`
      3 | [[arm]
        |       ^ invalid TOML
      help: correct the TOML syntax here
    "#);
}

#[test]
fn keys_stand_once() {
    let text = r#"name = "t"

[[arm]]
objective.beta-vae = { beta = 4 }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    3:1: this is not valid TOML: duplicate key
      3 | name = "t"
        | ^^^^ invalid TOML
      help: correct the TOML syntax here
    "#);
}

#[test]
fn arms_are_written_with_two_brackets() {
    let text = r#"
[arm]
objective.beta-vae = { beta = 4 }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    4:2: `arm` must be written [[arm]], once for each arm, not as a table
      4 | [arm]
        |  ^^^ not [[arm]]
      help: write [[arm]] and, below it, objective.beta-vae = { beta = [1, 4] }
    "#);
}

#[test]
fn schedules_are_checked_where_they_stand() {
    let text = r#"
training.steps = 1000
[[arm]]
objective.beta-vae.beta = { linear = { from = 0, to = 4, begin = 500, until = 300 } }
[[arm]]
objective.beta-vae.beta = [1, { cosine = { from = -1, to = 4, until = 100 } }]
[[arm]]
objective.factor-vae.gamma = { linaer = { from = 0, to = 4 } }
[[arm]]
objective.factor-vae.gamma = { linear = { form = 0, to = 4 } }
[[arm]]
objective.beta-tc-vae.beta = { cyclic = { from = 0, to = 4, period = 0, rise = 2 } }
[[arm]]
objective.dip-vae-i.lambda-od = { linear = { from = 0, to = 4, until = 9 }, cosine = {} }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    6:79: this schedule begins at step 500, but ends at step 300
      6 | objective.beta-vae.beta = { linear = { from = 0, to = 4, begin = 500, until = 300 } }
        |                                                                               ^^^ not after its beginning
      help: set `until` to more than `begin`

    8:51: `from` must be a finite number of at least 0, but is -1
      8 | objective.beta-vae.beta = [1, { cosine = { from = -1, to = 4, until = 100 } }]
        |                                                   ^^ must be a finite number of at least 0

    10:32: unknown key `linaer` in the list or schedule of `gamma`
      10 | objective.factor-vae.gamma = { linaer = { from = 0, to = 4 } }
         |                                ^^^^^^ unknown key
      help: did you mean `linear`?

    12:43: unknown key `form` in `linear`
      12 | objective.factor-vae.gamma = { linear = { form = 0, to = 4 } }
         |                                           ^^^^ unknown key
      help: did you mean `from`?

    14:70: `period` must be a whole number from 1 to 1,000,000,000, but is 0
      14 | objective.beta-tc-vae.beta = { cyclic = { from = 0, to = 4, period = 0, rise = 2 } }
         |                                                                      ^ must be a whole number from 1 to 1,000,000,000

    14:80: `rise` must be a number above 0 and at most 1, but is 2
      14 | objective.beta-tc-vae.beta = { cyclic = { from = 0, to = 4, period = 0, rise = 2 } }
         |                                                                                ^ must be a number above 0 and at most 1

    16:33: the schedule of `lambda-od` must have exactly one shape
      16 | objective.dip-vae-i.lambda-od = { linear = { from = 0, to = 4, until = 9 }, cosine = {} }
         |                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ several shapes
      help: write { linear = { from = 0, to = 4, until = 10_000 } }
    "#);
}

#[test]
fn keys_must_go_together() {
    let text = r#"
[training]
steps = 300

[model]
variance = 0.5

[[arm]]
objective.annealed-vae = { c-max = 25, iteration-threshold = [300, 301] }

[[arm]]
objective.beta-vae.beta = [1, { linear = { from = 0, to = 4, until = 301 } }]

[[arm]]
training.steps = [10, 10_000]
objective.beta-vae.beta = { cyclic = { from = 0, to = 4, period = 500 } }

[[arm]]
objective.combined = { beta = 4, dip-type = "ii", discriminator = { units = 10 } }

[[arm]]
training.batch-size = 1
objective.beta-tc-vae = { beta = -4 }

[[arm]]
training.batch-size = [1, 2]
objective.dip-vae-ii = { lambda-od = 4 }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    8:1: `variance` has no effect here
      8 | variance = 0.5
        | ^^^^^^^^ unused key
      help: remove it, or set likelihood = "gaussian"

    11:40: `iteration-threshold` is 301, but the trial has only 300 steps
      11 | objective.annealed-vae = { c-max = 25, iteration-threshold = [300, 301] }
         |                                        ^^^^^^^^^^^^^^^^^^^ after the last step
      help: the capacity would never reach `c-max`; decrease the threshold, or increase `training.steps`

    14:20: the schedule of `beta` ends at step 301, but the trial has only 300 steps
      14 | objective.beta-vae.beta = [1, { linear = { from = 0, to = 4, until = 301 } }]
         |                    ^^^^ ends after the last step
      help: decrease `until`, or increase `training.steps`

    18:20: the first cycle of the schedule of `beta` ends at step 500, but the trial has only 10 steps
      18 | objective.beta-vae.beta = { cyclic = { from = 0, to = 4, period = 500 } }
         |                    ^^^^ ends after the last step
      help: decrease `period`, or increase `training.steps`

    20:1: `objective.combined` has no regulariser besides the KL divergence
      20 | [[arm]]
         | ^^^^^^^ nothing to combine
      help: add at least one of `gamma`, `mutual-information`, `total-correlation`, `dimension-wise-kl`, `lambda-od`; use objective.beta-vae for the KL divergence only

    21:34: `dip-type` has no effect here
      21 | objective.combined = { beta = 4, dip-type = "ii", discriminator = { units = 10 } }
         |                                  ^^^^^^^^ unused key
      help: remove it, or add `lambda-od`

    21:69: `units` has no effect here
      21 | objective.combined = { beta = 4, dip-type = "ii", discriminator = { units = 10 } }
         |                                                                     ^^^^^ unused key
      help: remove it, or add `gamma`

    25:34: `beta` must be a finite number of at least 0, but is -4
      25 | objective.beta-tc-vae = { beta = -4 }
         |                                  ^^ must be a finite number of at least 0

    28:10: DIP-VAE-II requires a `batch-size` of at least 2
      28 | training.batch-size = [1, 2]
         |          ^^^^^^^^^^ a batch of 1
      help: set batch-size = 64, the usual value
    "#);
}

#[test]
fn an_objective_without_its_strength_is_refused() {
    let text = r#"
[[arm]]
objective.annealed-vae = { gamma = 10 }
[[arm]]
objective.vae = { beta = 1 }
[[arm]]
objective.beta-tcvae = { beta = 1 }
"#;
    insta::assert_snapshot!(faults_below_name(text), @r#"
    5:11: `objective.annealed-vae` requires `c-max`
      5 | objective.annealed-vae = { gamma = 10 }
        |           ^^^^^^^^^^^^ no `c-max`
      help: write objective.annealed-vae = { c-max = [1, 4] }

    7:19: unknown key `beta` in `objective.vae`
      7 | objective.vae = { beta = 1 }
        |                   ^^^^ unknown key
      help: `objective.vae` has no keys; `beta` is a key of `objective.beta-vae`, `objective.beta-tc-vae`, `objective.combined`

    9:11: unknown objective "beta-tcvae"
      9 | objective.beta-tcvae = { beta = 1 }
        |           ^^^^^^^^^^ unknown objective
      help: did you mean "beta-tc-vae"?
    "#);
}

#[test]
fn numbers_that_float32_does_not_have_are_refused_in_their_place() {
    let text = r#"
[training]
learning-rate = 1e-300
adam-epsilon = 1e-50

[[arm]]
objective.beta-vae.beta = [5e-324, 1e300, 0, 1e-37, 3.4e38]
[[arm]]
objective.beta-vae.beta = { linear = { from = 0, to = 1e39, until = 9 } }
[[arm]]
objective.factor-vae.gamma = { logspace = [1e-300, 1, 3] }
[[arm]]
objective.annealed-vae = { gamma = 1, c-max = 1e300 }
"#;
    let found = faults_below_name(text);
    for (place, what) in [
        (
            "5:17",
            "`learning-rate` must be a number that float32 has, from 1.2e-38 to 3.4e38, not 1e-300",
        ),
        ("6:16", "`adam-epsilon` must be a number that float32 has"),
        (
            "9:28",
            "`beta` must be 0 or a number that float32 has, from 1.2e-38 to 3.4e38, not 5e-324",
        ),
        (
            "9:36",
            "`beta` must be 0 or a number that float32 has, from 1.2e-38 to 3.4e38, not 1e300",
        ),
        ("11:55", "`to` must be 0 or a number that float32 has"),
        (
            "13:43",
            "`gamma` must be 0 or a number that float32 has, from 1.2e-38 to 3.4e38, but this list contains 1e-300",
        ),
        ("15:47", "`c-max` must be 0 or a number that float32 has"),
    ] {
        assert!(
            found.contains(&format!("{place}: {what}")),
            "{place}: {what}\n{found}"
        );
    }
    assert_eq!(found.matches("float32").count(), 13, "{found}");
}
