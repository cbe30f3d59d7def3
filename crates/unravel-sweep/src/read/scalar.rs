//! One value of one key.

use toml::de::DeValue;

use super::collector::Collector;
use super::node::Node;
use super::numbers::{count, trained_with};
use super::tree::string;
use super::weight_schedule;
use crate::field::{Field, Kind, Value};
use crate::loss_weight::Weight;

/// One value that the field takes.
pub(super) fn read(field: &Field, node: &Node, faults: &mut Collector) -> Option<Value> {
    match field.kind {
        Kind::Count { min, max, .. } => {
            count(node, field.name(), min, max, faults).map(Value::Count)
        }
        Kind::Real { range, .. } => {
            trained_with(range, field.name(), node, faults).map(Value::Real)
        }
        Kind::Weight { range, .. } => {
            let weight = match node.get_ref() {
                DeValue::Table(table) => {
                    weight_schedule::read(field, range, table, node.span(), faults)
                }
                _ => trained_with(range, field.name(), node, faults).map(Weight::Constant),
            };
            weight.map(Value::Weight)
        }
        Kind::Name { names, .. } => {
            let name = string(node, field.name(), faults)?;
            let known = names.iter().find(|&&known| known == name).copied();
            if known.is_none() {
                faults.unknown_name(node.span(), field.name(), name, names);
            }
            known.map(Value::Name)
        }
    }
}
