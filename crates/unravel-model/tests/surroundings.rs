//! Burn's configuration file in a parent folder changes nothing: the test is alone in its process, since Burn reads its
//! configuration once.

use std::fs;
use std::sync::Arc;

use unravel_data::{Dataset, Dsprites, FactorSpace, Grid};
use unravel_model::Cpu;
use unravel_model::cohort::Cohort;
use unravel_sweep::{Objective, Trial};

#[test]
fn a_configuration_file_of_burn_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let working = folder.path().join("one/two");
    fs::create_dir_all(&working).unwrap();
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let logged = format!("[autodiff.logger]\nlevel = \"full\"\nfile = {victim:?}\n");
    fs::write(folder.path().join("burn.toml"), logged).unwrap();
    fs::write(folder.path().join("one/Burn.toml"), "not TOML").unwrap();
    std::env::set_current_dir(&working).unwrap();
    fs::remove_dir(&working).unwrap();

    let keep = [("scale", 2), ("orientation", 1), ("pos-x", 2), ("pos-y", 2)];
    let keep = keep.map(|(name, n)| (name.to_owned(), n)).into();
    let grid = Grid::keep(FactorSpace::dsprites(), &keep).unwrap();
    let dataset = Arc::new(Dataset::new(Arc::new(Dsprites::new()), grid));
    let mut trial = Trial::new(Objective::beta_vae(4.0), 1);
    trial.training.batch_size = 2;
    let mut cohort = Cohort::<Cpu>::new(vec![trial], dataset, &Default::default()).unwrap();
    cohort.train(1);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}
