//! The pages are true where a program can tell: every link and path that they name is there, the book lists every page, the justfile is
//! README's commands, and the map has every crate.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every page beneath this directory, from the root on.
fn pages(directory: &str) -> Vec<String> {
    let mut found = vec![];
    for entry in fs::read_dir(root().join(directory)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{directory}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(pages(&path));
        } else if path.ends_with(".md") {
            found.push(path);
        }
    }
    found
}

/// Every page that a reader is sent to.
fn all_pages() -> Vec<String> {
    let mut all = pages("docs");
    all.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "tests/README.md"].map(str::to_owned));
    all
}

/// The page's lines that are not code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    })
}

/// Where the page's links lead, those into the web left out.
fn links(page: &str) -> Vec<&str> {
    let targets = prose(page).flat_map(|line| line.split("](").skip(1));
    targets.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).filter(|to| !to.contains("://")).collect()
}

/// The names under which the page's headings are linked to.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page).filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings.map(anchor).collect()
}

/// Of `Adding *an* action!`: `adding-an-action`.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>();
    kept.replace(' ', "-")
}

/// The file or directory that a link in the page `from` leads to, from the root on, and the heading in it.
fn target<'a>(from: &'a str, link: &'a str) -> (PathBuf, Option<&'a str>) {
    let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
    let directory = Path::new(from).parent().unwrap();
    let joined = if path.is_empty() { PathBuf::from(from) } else { directory.join(path) };
    let mut plain = PathBuf::new();
    for part in joined.components() {
        if part.as_os_str() == ".." {
            assert!(plain.pop(), "{from}: {link} leaves the project")
        } else {
            plain.push(part)
        }
    }
    (plain, heading)
}

/// What is wrong with a link.
fn fault(from: &str, link: &str) -> Option<String> {
    let (path, heading) = target(from, link);
    if !root().join(&path).exists() {
        return Some(format!("{from}: `{link}` leads nowhere"));
    }
    let found = heading.is_none_or(|heading| anchors(&read(path.to_str().unwrap())).contains(heading));
    (!found).then(|| format!("{from}: `{link}` names no heading there"))
}

/// Paths of this project that the page names in backticks or in a drawing, as `server/src/bridge.rs`. `NAME` stands for any: of
/// `docs/hosts/NAME.md` the directory counts.
fn named_paths(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut fence = None;
    for line in page.lines() {
        match (line.trim_start().strip_prefix("```"), fence) {
            (Some(kind), None) => fence = Some(kind),
            (Some(_), Some(_)) => fence = None,
            (None, Some("text")) => found.extend(line.split_whitespace().filter_map(path)),
            (None, Some(_)) => {}
            (None, None) => {
                found.extend(line.split('`').skip(1).step_by(2).flat_map(str::split_whitespace).filter_map(path));
            }
        }
    }
    found
}

fn path(word: &str) -> Option<String> {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let begins = word.starts_with(|c: char| c.is_ascii_lowercase());
    let parts = word.split('/').take_while(|part| part.split('.').next() != Some("NAME"));
    (plain && begins && word.contains('/')).then(|| parts.collect::<Vec<_>>().join("/"))
}

/// True where the path begins in a directory of the project and ends in a file's name.
fn is_file_of_ours(path: &str) -> bool {
    let begins = path.split('/').next().is_some_and(|first| root().join(first).is_dir());
    begins && path.rsplit('/').next().is_some_and(|last| last.contains('.'))
}

/// The commands of the page's `sh` blocks that build or test, without what is said beside them.
fn build_commands(page: &str) -> BTreeSet<String> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block);
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" # ").next().unwrap_or_default().trim());
    lines.filter(|line| line.starts_with("cargo ") || line.starts_with("rustup ")).map(str::to_owned).collect()
}

/// The lines of the justfile's recipes. README's reader has a project of this name.
fn recipe_lines(justfile: &str) -> BTreeSet<String> {
    let lines = justfile.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(|line| line.replace("{{ quote(directory) }}", "~/your-project")).collect()
}

/// The quoted words of a list in a TOML file.
fn listed<'a>(toml: &'a str, key: &str) -> BTreeSet<&'a str> {
    let (_, list) = toml.split_once(&format!("\n{key} = [")).unwrap();
    list.split_once(']').unwrap().0.split('"').skip(1).step_by(2).collect()
}

/// The map's table of crates: the directory of each, and what it may use.
fn house(map: &str) -> Vec<(&str, &str)> {
    let (_, section) = map.split_once("\n## The house\n").unwrap();
    let rows = section.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| (row.split('`').nth(1).unwrap(), row.trim_matches('|').rsplit(" | ").next().unwrap())).collect()
}

/// Directories of the workspace's crates that this one is built on.
fn used_by<'a>(member: &str, workspace: &'a str) -> BTreeSet<&'a str> {
    let manifest = read(&format!("{member}/Cargo.toml"));
    // A crate may use nothing but what one system needs.
    let (_, after) = manifest.split_once("\n[dependencies]\n").unwrap_or_default();
    let used = after.split("\n[").next().unwrap().lines();
    let crates = workspace.lines().filter_map(|line| line.split_once(" = { path = \""));
    let directories = crates.filter_map(|(name, rest)| Some((name, rest.split_once('"')?.0)));
    let names: BTreeSet<&str> = used.filter_map(|line| line.split(['.', ' ']).next()).collect();
    directories.filter(|(name, _)| names.contains(name)).map(|(_, directory)| directory).collect()
}

/// The words before what else is said, as `protocol, client` of `protocol, client: the library`.
fn words(cell: &str) -> BTreeSet<&str> {
    let list = cell.split([':', ';', '(']).next().unwrap();
    list.split(|c: char| !c.is_alphanumeric()).collect()
}

#[test]
fn the_book_lists_every_page() {
    let summary = read("docs/SUMMARY.md");
    let listed: BTreeSet<PathBuf> = links(&summary).into_iter().map(|link| target("docs/SUMMARY.md", link).0).collect();
    let all: BTreeSet<PathBuf> =
        pages("docs").into_iter().filter(|page| page != "docs/SUMMARY.md").map(PathBuf::from).collect();
    assert_eq!(listed, all);
}

/// As wide as prose is written.
const COLUMNS_MAX: usize = 120;

#[test]
fn prose_wraps_at_120_columns() {
    // Tables and headings cannot be wrapped, and a command of the corpus stands as it was typed.
    let is_free = |line: &&str| !line.starts_with(['|', '#', '<']) && !line.starts_with("- Benign (");
    let mut faults = vec![];
    for page in all_pages() {
        let text = read(&page);
        let long = prose(&text).filter(is_free).filter(|line| line.chars().count() > COLUMNS_MAX);
        faults.extend(long.map(|line| format!("{page}: {line}")));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_link_leads_somewhere() {
    let mut faults = vec![];
    for page in all_pages() {
        faults.extend(links(&read(&page)).into_iter().filter_map(|link| fault(&page, link)));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_path_that_the_map_and_the_recipes_name_is_there() {
    for page in ["docs/architecture.md", "docs/actions.md", "docs/glossary.md", "docs/SUMMARY.md", "CONTRIBUTING.md"] {
        let missing: Vec<String> =
            named_paths(&read(page)).into_iter().filter(|path| !root().join(path).exists()).collect();
        assert!(missing.is_empty(), "{page} names what is not there: {missing:#?}");
    }
}

#[test]
fn no_page_names_a_file_of_a_crate_that_is_not_there() {
    let mut faults = vec![];
    for page in all_pages() {
        let beside = root().join(&page);
        let is_there = |path: &str| root().join(path).exists() || beside.parent().unwrap().join(path).exists();
        let named = named_paths(&read(&page)).into_iter().filter(|path| is_file_of_ours(path));
        faults.extend(named.filter(|path| !is_there(path)).map(|path| format!("{page}: {path}")));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_map_answers_a_newcomers_questions_with_files() {
    let page = read("docs/architecture.md");
    let (_, answers) = page.split_once("\n## Which files to open\n").unwrap();
    let answers = answers.split("\n## ").next().unwrap();
    let questions: Vec<&str> = answers.split("\n### ").skip(1).collect();
    let asked: Vec<&str> = questions.iter().filter_map(|answer| answer.lines().next()).collect();
    assert_eq!(asked, ["A request's way", "An action", "A rule condition", "A program's row", "A console key"]);
    for answer in questions {
        assert!(links(answer).len() >= 3, "{answer}");
    }
}

#[test]
fn the_map_has_every_crate_and_every_crate_says_what_it_is() {
    let workspace = read("Cargo.toml");
    let members = listed(&workspace, "members");
    let map = read("docs/architecture.md");
    assert_eq!(house(&map).into_iter().map(|(member, _)| member).collect::<BTreeSet<_>>(), members);
    for member in members {
        let described = read(&format!("{member}/Cargo.toml")).lines().any(|line| line.starts_with("description = \""));
        assert!(described, "{member}/Cargo.toml has no description");
    }
}

#[test]
fn no_crate_uses_another_that_the_map_does_not_let_it_use() {
    let (workspace, map) = (read("Cargo.toml"), read("docs/architecture.md"));
    let mut above = BTreeSet::new();
    for (member, cell) in house(&map) {
        let used = used_by(member, &workspace);
        assert!(used.is_subset(&above), "{member} uses {used:?}, not all of which stands above it");
        let told: BTreeSet<&str> = words(cell).intersection(&above).copied().collect();
        assert!(told == used || words(cell).contains("all"), "{member} uses {used:?}, and the map says {told:?}");
        above.insert(member);
    }
    assert!(above.contains("server"), "{above:?}");
}

#[test]
fn the_recipes_are_readmes_commands() {
    assert_eq!(recipe_lines(&read("justfile")), build_commands(&read("README.md")));
}

#[test]
fn every_word_of_the_glossary_has_its_line_and_the_fields_own_term() {
    let mut words = vec![];
    for row in read("docs/glossary.md").lines().filter(|line| line.starts_with("| **")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert!(cells.len() == 3 && cells.iter().all(|cell| !cell.is_empty()), "{row}");
        words.push(cells[0].to_owned());
    }
    let unlike: BTreeSet<&String> = words.iter().collect();
    assert!(words.len() > 60 && unlike.len() == words.len(), "{} words, {} unlike", words.len(), unlike.len());
}

#[test]
fn what_is_named_is_found_in_prose_and_drawings_and_no_example_is_taken_for_it() {
    let page = "`a/b.rs`, `POST /x`, `c/NAME.rs` and `d/SUMMARY.md`\n```text\n─ e/f.rs   g/h\n```\n```sh\ncat i/j\n```\n`k/README.md`";
    let named: Vec<String> = named_paths(page).into_iter().collect();
    assert_eq!(named, ["a/b.rs", "c", "d/SUMMARY.md", "e/f.rs", "g/h", "k/README.md"]);
}

#[test]
fn links_are_followed_from_their_page_and_to_their_heading() {
    assert_eq!(links("[a](b.md) and [c](https://x) and [d](../e#f)\n```\n[g](h)\n```"), ["b.md", "../e#f"]);
    assert_eq!(target("docs/hosts/README.md", "../mcp.md#a-call"), (PathBuf::from("docs/mcp.md"), Some("a-call")));
    assert!(anchors("# One `two`, three!\n").contains("one-two-three"));
    assert!(fault("README.md", "docs/nothing.md").is_some() && fault("README.md", "docs/mcp.md#no-such").is_some());
    assert!(fault("README.md", "docs/mcp.md").is_none());
}
