//! Takes the terminal as the console does, and panics: for the story that the terminal is given back even then.

use std::io::Write as _;

fn main() {
    let held = ccc_queue::surface::terminal::Held::take(true).expect("a terminal");
    print!("taken");
    std::io::stdout().flush().expect("a terminal");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("a terminal");
    // The terminal is held until here, and the panic unwinds through it.
    let _held = held;
    panic!("told to panic");
}
