//! `docs/objectives.md` speaks of every objective and every term.

use unravel_sweep::{Combined, Family, Objective};

use super::posteriors::{Batch, evaluate};

#[test]
fn every_family_and_every_term_stands_in_the_docs() {
    let docs = include_str!("../../../../../docs/objectives.md");
    for family in Family::ALL {
        let key = format!("`objective.{} = {{", family.name);
        assert!(docs.contains(&key), "{key}");
    }
    let all = Combined {
        gamma: Some(1.0.into()),
        mutual_information: Some(1.0.into()),
        lambda_od: Some(1.0.into()),
        ..Combined::default()
    };
    let batch = Batch::random(1, 4, 2, 1);
    for objective in [
        Objective::annealed_vae(1.0),
        Objective::beta_tc_vae(1.0),
        Objective::Combined(all),
    ] {
        for (term, _) in evaluate(vec![objective], &batch, 10, 0).terms {
            assert!(docs.contains(&format!("`{term}`")), "{term}");
        }
    }
    assert!(docs.contains("`discriminator_loss_nats`"));
}
