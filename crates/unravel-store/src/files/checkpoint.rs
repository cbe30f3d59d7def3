//! `checkpoint.safetensors` and `model.safetensors`: a training under way, and its end.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorView};
use unravel_data::{Array, Arrays};
use unravel_sweep::{SEMANTICS_VERSION, TrialId};

use crate::disk::format::{FILE_FORMAT, refuse_newer};
use crate::disk::tensor_file::{self, Tensor, Values, f32s, f64s, u64s};
use crate::error::StoreError;
use crate::files::train_log::TrainLog;

/// Everything that the training of one trial needs to go on exactly where it was.
///
/// Randomness is keyed by the step, so there is no generator to keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Updates done.
    pub step: u64,
    /// Weights and the optimiser's moments, without a model axis: this trial's part of its cohort.
    pub arrays: Arrays,
    /// Sums over the interval of the training curves that has begun and not ended, by name.
    pub log_sums: BTreeMap<String, f64>,
    /// The training curves up to this step; `train.csv` is a copy of them.
    pub log: TrainLog,
}

/// The final weights of one trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Updates done.
    pub step: u64,
    /// The weights, without a model axis.
    pub arrays: Arrays,
}

const CHECKPOINT: &str = "checkpoint";
const MODEL: &str = "model";

/// Names of ours beside the arrays of the training.
const RESERVED: &str = "train-log/";
const LOG_STEPS: &str = "train-log/steps";
const LOG_VALUES: &str = "train-log/values";
const LOG_SUMS: &str = "train-log/sums";
/// A thousand times what is logged: each row takes several times its bytes in the file.
const MAX_LOG_ROWS: usize = 1 << 20;
const LOG_COLUMNS: &str = "train-log-columns";
/// The checksum of the `train.csv` beside a model.
const CURVES: &str = "curves";
const SUM_NAMES: &str = "train-log-sums";

impl Checkpoint {
    pub(crate) fn write(&self, path: &Path, trial: &TrialId) -> Result<(), StoreError> {
        if let Some(what) = self.log.fault() {
            return Err(StoreError::unwritable(path, what));
        }
        let json = |names: &[&String]| serde_json::json!(names).to_string();
        let mut metadata = metadata(CHECKPOINT, self.step, trial);
        metadata.insert(
            LOG_COLUMNS,
            json(&self.log.columns.iter().collect::<Vec<_>>()),
        );
        metadata.insert(SUM_NAMES, json(&self.log_sums.keys().collect::<Vec<_>>()));
        let (n_rows, n_columns) = (self.log.rows.len(), self.log.columns.len());
        let steps = self.log.rows.iter().map(|(step, _)| *step).collect();
        let values = self
            .log
            .rows
            .iter()
            .flat_map(|(_, values)| values.iter().copied())
            .collect();
        let sums: Vec<f64> = self.log_sums.values().copied().collect();
        let mut tensors = vec![
            Tensor {
                name: LOG_STEPS.to_owned(),
                shape: vec![n_rows],
                values: Values::U64(steps),
            },
            Tensor {
                name: LOG_VALUES.to_owned(),
                shape: vec![n_rows, n_columns],
                values: Values::F64(values),
            },
            Tensor {
                name: LOG_SUMS.to_owned(),
                shape: vec![sums.len()],
                values: Values::F64(sums),
            },
        ];
        add_arrays(path, &self.arrays, &mut tensors)?;
        tensor_file::write(path, metadata, &tensors)
    }

    pub(crate) fn read(path: &Path, trial: &TrialId) -> Result<Option<Self>, StoreError> {
        let Some(file) = tensor_file::read(path)? else {
            return Ok(None);
        };
        let (metadata, tensors) = file.parts(path)?;
        let step = checked_step(path, &metadata, CHECKPOINT, trial)?;
        let mut checkpoint = Self {
            step,
            ..Self::default()
        };
        let mut log_tensors = BTreeMap::new();
        for (name, view) in tensors.iter() {
            if name.starts_with(RESERVED) {
                log_tensors.insert(name, view);
            } else {
                checkpoint
                    .arrays
                    .insert(name.to_owned(), array(path, name, &view)?);
            }
        }
        checkpoint
            .read_log(&metadata, &log_tensors)
            .ok_or_else(|| StoreError::damaged(path, "its training curves do not fit together"))?;
        match checkpoint.log.rows.last() {
            Some((last, _)) if step < *last => {
                let what = format!("it is of step {step}, and its training curves go to {last}");
                Err(StoreError::damaged(path, what))
            }
            _ => Ok(Some(checkpoint)),
        }
    }

    /// Checks every byte of a checkpoint by its checksum; its arrays are not taken apart. `None` when there is none.
    pub(crate) fn verify(path: &Path, trial: &TrialId) -> Result<Option<u64>, StoreError> {
        verify(path, CHECKPOINT, trial)
    }

    /// The step of a checkpoint whose header and length are right; its contents are not read.
    pub(crate) fn read_step(path: &Path, trial: &TrialId) -> Result<Option<u64>, StoreError> {
        let metadata = tensor_file::read_metadata(path)?;
        let step = metadata.map(|metadata| checked_step(path, &metadata, CHECKPOINT, trial));
        step.transpose()
    }

    /// Fills in the log and its sums; `None` when names, steps and values do not fit each other.
    fn read_log(
        &mut self,
        metadata: &Metadata,
        tensors: &BTreeMap<&str, TensorView<'_>>,
    ) -> Option<()> {
        let names =
            |key| -> Option<Vec<String>> { serde_json::from_str(entry(metadata, key)?).ok() };
        let typed = |name, dtype| tensors.get(name).filter(|view| view.dtype() == dtype);
        let steps = u64s(&typed(LOG_STEPS, Dtype::U64)?);
        let values = f64s(&typed(LOG_VALUES, Dtype::F64)?);
        let sums = f64s(&typed(LOG_SUMS, Dtype::F64)?);
        let (columns, sum_names) = (names(LOG_COLUMNS)?, names(SUM_NAMES)?);
        let n_columns = columns.len();
        if MAX_LOG_ROWS < steps.len() {
            return None;
        }
        if values.len() != steps.len().checked_mul(n_columns)? || sums.len() != sum_names.len() {
            return None;
        }
        let row = |i: usize| values[i * n_columns..(i + 1) * n_columns].to_vec();
        let rows = steps
            .iter()
            .enumerate()
            .map(|(i, step)| (*step, row(i)))
            .collect();
        self.log = TrainLog { columns, rows };
        self.log_sums = sum_names.into_iter().zip(sums).collect();
        self.log.fault().is_none().then_some(())
    }
}

impl Model {
    /// Writes the file, with the checksum of the curves beside it.
    pub(crate) fn write(
        &self,
        path: &Path,
        trial: &TrialId,
        curves: Option<String>,
    ) -> Result<(), StoreError> {
        let mut tensors = Vec::with_capacity(self.arrays.len());
        add_arrays(path, &self.arrays, &mut tensors)?;
        let mut metadata = metadata(MODEL, self.step, trial);
        metadata.extend(curves.map(|hash| (CURVES, hash)));
        tensor_file::write(path, metadata, &tensors)
    }

    pub(crate) fn read(path: &Path, trial: &TrialId) -> Result<Option<Self>, StoreError> {
        let Some(file) = tensor_file::read(path)? else {
            return Ok(None);
        };
        let (metadata, tensors) = file.parts(path)?;
        let step = checked_step(path, &metadata, MODEL, trial)?;
        let named = |(name, view)| Ok((String::from(name), array(path, name, &view)?));
        let arrays = tensors.iter().map(named).collect::<Result<_, _>>()?;
        Ok(Some(Self { step, arrays }))
    }

    /// The step of a model file whose checksum fits; its arrays are not taken apart.
    pub(crate) fn verify(path: &Path, trial: &TrialId) -> Result<Option<u64>, StoreError> {
        verify(path, MODEL, trial)
    }

    /// The step of a model file whose header and length are right; its contents are not read.
    pub(crate) fn read_step(path: &Path, trial: &TrialId) -> Result<Option<u64>, StoreError> {
        let metadata = tensor_file::read_metadata(path)?;
        let step = metadata.map(|metadata| checked_step(path, &metadata, MODEL, trial));
        step.transpose()
    }

    /// The checksum of the curves that were there when the model was written; inside, none for a file of a time before
    /// such checksums. Nothing but the header is read, and that is not verified.
    pub(crate) fn read_curves_hash(
        path: &Path,
        trial: &TrialId,
    ) -> Result<Option<Option<String>>, StoreError> {
        let Some(metadata) = tensor_file::read_metadata(path)? else {
            return Ok(None);
        };
        checked_step(path, &metadata, MODEL, trial)?;
        Ok(Some(entry(&metadata, CURVES).map(str::to_owned)))
    }
}

/// The step of a file of this kind whose checksum fits.
fn verify(path: &Path, kind: &str, trial: &TrialId) -> Result<Option<u64>, StoreError> {
    let metadata = tensor_file::verify(path)?;
    let step = metadata.map(|metadata| checked_step(path, &metadata, kind, trial));
    step.transpose()
}

fn metadata(kind: &str, step: u64, trial: &TrialId) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("format", FILE_FORMAT.to_string()),
        ("kind", kind.to_owned()),
        ("semantics", SEMANTICS_VERSION.to_string()),
        ("step", step.to_string()),
        ("trial", trial.to_string()),
    ])
}

fn entry<'a>(metadata: &'a Metadata, key: &str) -> Option<&'a str> {
    metadata.metadata().as_ref()?.get(key).map(String::as_str)
}

/// The step, when the file is of this kind, trial and semantics and of a format that this program reads.
fn checked_step(
    path: &Path,
    metadata: &Metadata,
    kind: &str,
    trial: &TrialId,
) -> Result<u64, StoreError> {
    let number = |key| entry(metadata, key).and_then(|text| text.parse::<u64>().ok());
    let format = number("format").and_then(|format| u32::try_from(format).ok());
    let Some(format) = format else {
        return Err(StoreError::damaged(path, "it has no format version"));
    };
    refuse_newer(path, format, FILE_FORMAT)?;
    if entry(metadata, "kind") != Some(kind) {
        return Err(StoreError::damaged(path, format!("it is not a {kind}")));
    }
    match entry(metadata, "trial") {
        Some(of) if of == trial.as_str() => {}
        Some(of) => return Err(StoreError::of_another_trial(path, of)),
        None => return Err(StoreError::damaged(path, "it does not name its trial")),
    }
    if number("semantics") != Some(u64::from(SEMANTICS_VERSION)) {
        return Err(StoreError::damaged(
            path,
            "its numbers mean something else in this version of unravel",
        ));
    }
    number("step").ok_or_else(|| StoreError::damaged(path, "it has no step"))
}

fn add_arrays<'a>(
    path: &Path,
    arrays: &'a Arrays,
    tensors: &mut Vec<Tensor<'a>>,
) -> Result<(), StoreError> {
    for (name, array) in arrays {
        if name.starts_with(RESERVED) {
            return Err(StoreError::unwritable(
                path,
                format!("the name `{name}` is taken"),
            ));
        }
        let (name, shape) = (name.clone(), array.shape.clone());
        tensors.push(Tensor {
            name,
            shape,
            values: Values::F32(&array.values),
        });
    }
    Ok(())
}

fn array(path: &Path, name: &str, view: &TensorView<'_>) -> Result<Array, StoreError> {
    match view.dtype() {
        Dtype::F32 => Ok(Array::new(view.shape(), f32s(&view))),
        other => Err(StoreError::damaged(
            path,
            format!("`{name}` holds {other:?} and not F32"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use proptest::prelude::*;
    use safetensors::SafeTensors;

    use super::*;

    fn id() -> TrialId {
        "0123456789abcdef".parse().unwrap()
    }

    fn checkpoint() -> Checkpoint {
        let mut log = TrainLog::new(["reconstruction_nats", "kl_nats"]);
        log.rows = vec![(10, vec![30.5, 1.0 / 3.0]), (20, vec![20.0, f64::INFINITY])];
        Checkpoint {
            step: 25,
            arrays: Arrays::from([
                (
                    "encoder.weight".to_owned(),
                    Array::new([2, 3], vec![0.1, -0.0, f32::NAN, 1e-40, 2.0, 3.0]),
                ),
                ("adam.step".to_owned(), Array::new([], vec![25.0])),
                ("empty".to_owned(), Array::new([0, 4], vec![])),
            ]),
            log_sums: BTreeMap::from([
                ("kl_nats".to_owned(), 0.1 + 0.2),
                ("n_steps".to_owned(), 5.0),
            ]),
            log,
        }
    }

    fn written(checkpoint: &Checkpoint) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        checkpoint.write(&path, &id()).unwrap();
        (folder, path)
    }

    /// NaN is not equal to itself; its bits are.
    fn bits(arrays: &Arrays) -> Vec<(&String, &Vec<usize>, Vec<u32>)> {
        let bits = |array: &Array| array.values.iter().map(|value| value.to_bits()).collect();
        arrays
            .iter()
            .map(|(name, array)| (name, &array.shape, bits(array)))
            .collect()
    }

    #[test]
    fn a_checkpoint_comes_back_to_the_bit() {
        let whole = checkpoint();
        let (_folder, path) = written(&whole);
        let read = Checkpoint::read(&path, &id()).unwrap().unwrap();
        assert_eq!(bits(&read.arrays), bits(&whole.arrays));
        assert_eq!(
            (read.step, &read.log_sums, &read.log),
            (whole.step, &whole.log_sums, &whole.log)
        );
        let bytes = fs::read(&path).unwrap();
        whole.write(&path, &id()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn any_reader_of_safetensors_opens_it_and_its_data_are_aligned() {
        let (_folder, path) = written(&checkpoint());
        let bytes = fs::read(&path).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let weight = tensors.tensor("encoder.weight").unwrap();
        assert_eq!((weight.shape(), weight.dtype()), (&[2, 3][..], Dtype::F32));
        assert_eq!(weight.data()[..4], 0.1_f32.to_le_bytes());
        for (name, view) in tensors.iter() {
            let offset = view.data().as_ptr() as usize - bytes.as_ptr() as usize;
            assert!(
                offset.is_multiple_of(view.dtype().bitsize() / 8),
                "{name} at {offset}"
            );
        }
    }

    #[test]
    fn every_cut_and_a_flipped_bit_in_every_byte_are_noticed() {
        let (_folder, path) = written(&checkpoint());
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(
                Checkpoint::read(&path, &id()).unwrap_err().is_damaged(),
                "cut to {length}"
            );
            assert!(
                tensor_file::read_metadata(&path).unwrap_err().is_damaged(),
                "quick look, cut to {length}"
            );
            assert!(
                Checkpoint::verify(&path, &id()).unwrap_err().is_damaged(),
                "close look, cut to {length}"
            );
        }
        for index in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[index] ^= 1 << (index % 8);
            fs::write(&path, bytes).unwrap();
            assert!(
                Checkpoint::read(&path, &id()).unwrap_err().is_damaged(),
                "byte {index}"
            );
            assert!(
                Checkpoint::verify(&path, &id()).unwrap_err().is_damaged(),
                "close look, byte {index}"
            );
        }
    }

    #[test]
    fn the_file_of_another_trial_or_kind_is_refused() {
        let (_folder, path) = written(&checkpoint());
        let other = "fedcba9876543210".parse().unwrap();
        assert!(
            Checkpoint::read(&path, &other)
                .unwrap_err()
                .to_string()
                .contains("it is of trial 0123456789abcdef")
        );
        assert!(
            Model::read(&path, &id())
                .unwrap_err()
                .to_string()
                .contains("not a model")
        );
        let model = Model {
            step: 7,
            arrays: checkpoint().arrays,
        };
        model.write(&path, &id(), None).unwrap();
        assert_eq!(Model::read_step(&path, &id()).unwrap(), Some(7));
        assert!(
            Checkpoint::read(&path, &id())
                .unwrap_err()
                .to_string()
                .contains("not a checkpoint")
        );
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let (_folder, path) = written(&checkpoint());
        let mut newer = metadata(MODEL, 1, &id());
        newer.insert("format", "9".to_owned());
        tensor_file::write(&path, newer, &[]).unwrap();
        let error = Model::read(&path, &id()).unwrap_err();
        assert!(
            matches!(error, StoreError::NewerFormat { found: 9, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_stranger_with_a_right_checksum_gets_an_error_and_no_memory() {
        let (_folder, path) = written(&checkpoint());
        let mut strange = metadata(CHECKPOINT, 1, &id());
        strange.insert(LOG_COLUMNS, format!("[{}\"x\"]", "\"x\",".repeat(100_000)));
        strange.insert(SUM_NAMES, "[]".to_owned());
        tensor_file::write(&path, strange, &[]).unwrap();
        assert!(Checkpoint::read(&path, &id()).unwrap_err().is_damaged());
        let mut bytes = fs::read(&path).unwrap();
        bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        fs::write(&path, bytes).unwrap();
        assert!(tensor_file::read_metadata(&path).unwrap_err().is_damaged());
    }

    #[test]
    fn curves_beyond_the_step_are_damage() {
        let whole = Checkpoint {
            step: 19,
            ..checkpoint()
        };
        let (_folder, path) = written(&whole);
        let error = Checkpoint::read(&path, &id()).unwrap_err();
        assert!(error.is_damaged());
        assert!(error.to_string().contains("of step 19"), "{error}");
    }

    #[test]
    fn more_rows_than_are_ever_logged_are_refused() {
        let mut whole = checkpoint();
        whole.step = MAX_LOG_ROWS as u64;
        whole.log.columns.clear();
        whole.log.rows = (0..=MAX_LOG_ROWS as u64)
            .map(|step| (step, vec![]))
            .collect();
        let (_folder, path) = written(&whole);
        assert!(Checkpoint::read(&path, &id()).unwrap_err().is_damaged());
        whole.log.rows.pop();
        whole.write(&path, &id()).unwrap();
        assert!(Checkpoint::read(&path, &id()).unwrap().is_some());
    }

    #[test]
    fn arrays_that_do_not_fit_are_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        for (name, shape) in [
            ("weight", vec![3]),
            ("train-log/steps", vec![2]),
            ("__metadata__", vec![2]),
        ] {
            let arrays = Arrays::from([(name.to_owned(), Array::new(shape, vec![1.0, 2.0]))]);
            let error = Model { step: 1, arrays }
                .write(&path, &id(), None)
                .unwrap_err();
            assert!(
                matches!(error, StoreError::Unwritable { .. }),
                "{name}: {error}"
            );
        }
        assert!(!path.exists());
    }

    fn some_array() -> impl Strategy<Value = Array> {
        prop::collection::vec(0..4_usize, 0..4).prop_flat_map(|shape| {
            let n_values = shape.iter().product::<usize>();
            prop::collection::vec(any::<f32>(), n_values)
                .prop_map(move |values| Array::new(shape.clone(), values))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_arrays_come_back(arrays in prop::collection::btree_map("\\PC{0,12}", some_array(), 0..6), step in any::<u64>()) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("model.safetensors");
            let model = Model { step, arrays };
            model.write(&path, &id(), None).unwrap();
            let read = Model::read(&path, &id()).unwrap().unwrap();
            prop_assert_eq!(read.step, step);
            prop_assert_eq!(bits(&read.arrays), bits(&model.arrays));
            prop_assert_eq!(Model::read_step(&path, &id()).unwrap(), Some(step));
        }
    }
}
