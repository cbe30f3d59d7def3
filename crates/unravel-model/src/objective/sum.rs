//! A sum of regularisers. Every objective except the plain ones is such a sum, `objective.combined` too.

use super::{AfterUpdate, CohortObjective, Regulariser, StepContext, Terms};
use crate::arrays::Arrays;
use crate::kernels::Kernels;

/// A sum of at least one regulariser.
pub struct Sum<B: Kernels> {
    first: Box<dyn CohortObjective<B>>,
    others: Vec<Box<dyn CohortObjective<B>>>,
}

impl<B: Kernels> Sum<B> {
    /// The first regulariser and the others, in the order in which they are summed and logged.
    pub fn new(
        first: Box<dyn CohortObjective<B>>,
        others: Vec<Box<dyn CohortObjective<B>>>,
    ) -> Self {
        Self { first, others }
    }

    fn all(&self) -> impl Iterator<Item = &dyn CohortObjective<B>> {
        std::iter::once(&self.first)
            .chain(&self.others)
            .map(|summand| &**summand)
    }
}

impl<B: Kernels> CohortObjective<B> for Sum<B> {
    fn term_names(&self) -> Vec<&'static str> {
        self.all().flat_map(CohortObjective::term_names).collect()
    }

    fn term_names_after_update(&self) -> Vec<&'static str> {
        self.all()
            .flat_map(CohortObjective::term_names_after_update)
            .collect()
    }

    fn regulariser(&self, context: &StepContext<'_, B>) -> Regulariser<B> {
        let first = self.first.regulariser(context);
        self.others.iter().fold(first, |mut sum, summand| {
            let Regulariser { loss, terms } = summand.regulariser(context);
            sum.loss = sum.loss + loss;
            sum.terms.extend(terms);
            sum
        })
    }

    fn after_update(&mut self, after: &AfterUpdate<'_, B>) -> Terms<B> {
        let summands = std::iter::once(&mut self.first).chain(&mut self.others);
        summands
            .flat_map(|summand| summand.after_update(after))
            .collect()
    }

    fn save(&self, model: usize, out: &mut Arrays) {
        self.all().for_each(|summand| summand.save(model, out));
    }

    fn keep(&mut self, models: &[usize]) {
        let summands = std::iter::once(&mut self.first).chain(&mut self.others);
        summands.for_each(|summand| summand.keep(models));
    }
}
