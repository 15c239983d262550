//! How far a request may differ from the one a grant was made of.

use ccc_protocol::bodies::Difference;
use serde_json::Value;

use crate::text::{Untrusted, Visible};

/// A difference in words.
#[must_use]
pub fn difference(difference: &Difference) -> Visible {
    match difference {
        Difference::SameHost(origin) => Visible::label("any page of ").then(Untrusted(origin).line()),
        Difference::Under(dir) => Visible::label("anything in ").then(Untrusted(dir).line()),
        Difference::OneOf(values) => {
            Visible::label("one of ").then(Untrusted(&Value::Array(values.clone()).to_string()).line())
        }
        Difference::SameProgram(program) => Visible::label("any arguments of ").then(Untrusted(program).line()),
        Difference::SameTool(tool) => {
            Visible::label("any input of ").then(Untrusted(tool).line()).then(" in this session")
        }
        Difference::FilesUnder(dir) => Visible::label("any files in ").then(Untrusted(dir).line()),
        Difference::SameClass(classes) => {
            let classes: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
            Visible::label("whatever only ").then(Untrusted(&classes.join(", ")).line()).then(" here, in this session")
        }
        Difference::SameRecipient(to) => Visible::label("anything, to ").then(Untrusted(to).line()),
        Difference::Between(least, most) => Visible::number(*least).then(" to ").then(Visible::number(*most)),
    }
}
