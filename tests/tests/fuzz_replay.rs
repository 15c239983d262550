//! Every committed fuzz input is replayed on stable Rust, with some mutations of each: a short form of `tests/fuzz`.

use std::{collections::BTreeSet, fs};

use ccc_protocol::json::{Limits, read};
use ccc_tests::{
    dice::Dice,
    fuzz::{Target, mutated},
};

/// Mutations thrown at each target.
const THROWN: usize = 2_000;

fn replay(name: &str) {
    let target = Target::named(name).unwrap();
    let seeds = target.seeds();
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for seed in &seeds {
        (target.body)(seed);
    }
    let mut dice = Dice::new(7);
    for _ in 0..THROWN {
        (target.body)(&mutated(&seeds, &mut dice));
    }
}

#[test]
fn what_the_server_takes_for_a_request_is_what_a_plain_reader_sees() {
    replay("http");
}

#[test]
fn the_signature_base_is_what_another_implementation_makes_of_it() {
    replay("base");
}

#[test]
fn what_is_read_as_json_is_read_alike_elsewhere() {
    replay("json");
}

#[test]
fn every_config_is_law_or_refused_with_its_faults() {
    replay("config");
}

#[test]
fn a_path_that_is_taken_lies_beneath_its_volume() {
    replay("paths");
}

#[test]
fn an_address_that_is_taken_names_one_host() {
    replay("urls");
}

#[test]
fn no_hook_document_ends_in_leave_without_a_release() {
    replay("hook");
}

#[test]
fn mcp_lines_have_one_reading_or_none() {
    replay("mcp");
}

#[test]
fn no_text_reaches_a_cell_that_a_terminal_obeys_or_hides() {
    replay("cells");
}

#[test]
fn lines_of_an_export_are_taken_apart_as_they_stand_or_not_at_all() {
    replay("export");
}

#[test]
fn a_table_of_a_program_is_refused_or_holds_what_it_may_not_change() {
    replay("programs");
}

#[test]
fn what_is_read_of_a_call_is_bounded_and_hides_nothing_behind_it() {
    replay("calls");
}

/// Valid JSON that is refused on purpose, because two readers of it may see two values: keys that stand twice, and whole
/// numbers beyond ±(2^53−1), however they are written.
const VALID_AND_REFUSED: [&str; 7] = [
    "y_number.json", "y_number_real_capital_e.json", "y_number_real_exponent.json",
    "y_number_real_fraction_exponent.json", "y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
    "y_object_extreme_numbers.json",
];
/// Of what parsers may take or not, this is taken: numbers so small that they are zero as a double.
const FREE_AND_TAKEN: [&str; 2] = ["i_number_double_huge_neg_exp.json", "i_number_real_underflow.json"];

/// The names of JSONTestSuite say what a parser must take (`y_`), must refuse (`n_`) and may do either with (`i_`).
#[test]
fn json_is_read_as_its_three_classes_say() {
    let mut wrong = vec![];
    let mut classes = BTreeSet::new();
    for file in fs::read_dir(Target::named("json").unwrap().corpus()).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let taken = read(&fs::read(file.path()).unwrap(), Limits::default()).is_ok();
        let expected = match name.split_once('_') {
            Some(("y", _)) => !VALID_AND_REFUSED.contains(&&*name),
            Some(("n", _)) => false,
            Some(("i", _)) => FREE_AND_TAKEN.contains(&&*name),
            _ => continue,
        };
        classes.insert(name[..1].to_owned());
        if taken != expected {
            wrong.push((name, taken));
        }
    }
    assert_eq!(wrong, [], "taken otherwise than expected");
    assert_eq!(classes.len(), 3, "all three classes are there");
}
