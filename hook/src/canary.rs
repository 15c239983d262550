//! The tool call by which `doctor` proves that an installed hook fires: it
//! goes the whole way to the bridge and is always denied, so it can be asked
//! of a hook in force without leave for anything coming of it.

use std::path::Path;

use serde_json::Value;

use ccc_hosts::answer::Reason;
use ccc_hosts::event::ToolCall;
use ccc_hosts::host::Host;

/// A tool that no host has.
pub const TOOL: &str = "ccc_hook_canary";

/// The session under which a canary is asked.
const SESSION: &str = "ccc-hook doctor";

/// With what a command begins that stands for a canary where a real agent is to ask: it knows its own tools alone.
const COMMAND_START: &str = ": ccc-hook-canary; ";

/// A command that every hook denies, whatever the rules. It touches nothing: where it runs, [`RAN`] in what it prints shows it.
pub const COMMAND: &str = ": ccc-hook-canary; printf 'ccc-hook-%s ran: 1231%s\\n' canary 23";

/// What [`COMMAND`] prints, and does not say itself in one piece.
pub const RAN: &str = "ccc-hook-canary ran: 123123";

/// With what each denial of a canary begins.
pub const REASON: &str = "ccc-hook canary: blocked";

/// True for a call that is always denied, after a greeting to the bridge.
#[must_use]
pub fn is_asked(call: &ToolCall) -> bool {
    let command = call.input.get("command").and_then(Value::as_str);
    call.native == TOOL || (call.tool == "Bash" && command.is_some_and(|command| command.starts_with(COMMAND_START)))
}

/// By what `doctor` knows that the denial came from behind the bridge.
#[must_use]
pub fn reason(user: &str) -> Reason {
    Reason::new(&format!("{REASON}, and the bridge knows this agent as `{user}`"))
}

/// The document that the host would send.
#[must_use]
pub fn document(host: Host, directory: &Path) -> Value {
    (host.profile().call)(TOOL, SESSION, &directory.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ccc_hosts::event::Event;
    use ccc_hosts::translate;

    #[test]
    fn every_host_understands_its_canary_as_a_call_of_that_tool() {
        for host in Host::ALL {
            let document = document(host, Path::new("/proj"));
            let question = translate::read(host, Some(host.profile().gate), document.as_object().unwrap()).unwrap();
            let Event::Judge(call) = question.content else { panic!("{host}") };
            assert_eq!((call.native.as_str(), call.cwd.as_str()), (TOOL, "/proj"));
        }
    }
}
