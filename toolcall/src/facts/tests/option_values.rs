//! What stands in the values of options, and in words that look like one: files that are written or read, and where they lie.

use super::{does, told_apart};
use crate::facts::Class;

#[test]
fn only_jobs_of_the_own_shell_are_ended_without_a_question() {
    told_apart(
        &["kill -9 -1", "kill -- -1", "kill -TERM -1234", "kill %1 -1", "kill -9", "kill -s KILL 1", "kill -9 %1 1"],
        &["kill %1", "kill -9 %1", "kill -s TERM %1 %2", "kill %%"],
    );
}

#[test]
fn the_old_file_is_judged_by_the_name_under_which_it_is_kept() {
    told_apart(
        &[
            "sed -i'/home/dev/.bash*' s/x/y/ rc",
            "sed --in-place='/home/dev/.config/autostart/*' s/x/y/ x.desktop",
            "sed -n -Ei'/home/dev/*' p x",
            "sed -irc s/a/b/ .env",
            "sed -i\"$x\" s/a/b/ f",
            "cp -b -S rc x .npm",
            "mv --suffix=rc x .npm",
            "ln -bS rc x .npm",
            "patch -z rc .npm x.patch",
            "patch --reject-file=.envrc f x.patch",
        ],
        &["sed -i.bak s/a/b/ f", "sed -i '' s/a/b/ f", "sed --in-place=.orig s/a/b/ f"],
    );
}

#[test]
fn files_named_by_a_beginning_are_judged_by_all_names_with_it() {
    told_apart(
        &[
            "csplit -f /home/dev/.config/autostart/x -b '%d.desktop' f 3",
            "csplit --prefix=/home/dev/x f 3",
            "csplit -f .env -b 'rc%.0d' f 3",
            "split -l 1 f .env",
            "split --lines 5 f ../../x",
            "split --line 5 f ../../x",
            "split f a ../x",
            "mktemp --tmpdir=/home/dev x.XXX",
            "mktemp --tmpdir ../home/dev/x.XXX",
            "mktemp -t /home/dev/x.XXX",
        ],
        &["split -l 100 big.csv part_", "split --bytes=1M big", "csplit f /x/ -n 3", "mktemp -d", "mktemp -t x.XXX"],
    );
}

#[test]
fn archives_write_and_read_only_where_their_options_say() {
    told_apart(
        &[
            "tar -cvf x.tar --index-file=/home/dev/x f",
            "tar -cvf x.tar --index /home/dev/x f",
            "tar -cf x.tar -g /home/dev/x f",
            "tar -cf x.tar --listed-incremental=.envrc f",
            "tar -cf x.tar --volno-file=.envrc f",
            "tar -cf x.tar -T list",
            "tar -xf x.tar --one-top-level=/home/dev/x -C sub",
            "zip x.zip f --logfile-path=/home/dev/x",
            "zip x.zip f --logfile-path /home/dev/x",
            "zip x.zip f -lf .envrc",
            "zip x.zip f --out /home/dev/x",
            "zip x.zip f -O .envrc",
            "zip -b /home/dev x.zip f",
            "unzip -: x.zip -d sub",
            "gunzip .envrc.gz",
            "xz -dk .envrc.xz",
            "gunzip -S x .envrcx",
            "gunzip -N x.gz",
            "zstd -o.envrc f",
            "zstd --output-dir-flat=/home/dev f",
        ],
        &[
            "tar czf out.tgz src",
            "tar -czf out.tgz --exclude node_modules --exclude-from=.tarignore src",
            "tar -xzf vendor.tar.gz -C vendor",
            "tar tf x.tar",
            "zip -rq x.zip src -x '*.pyc'",
            "zip -r9 x.zip src",
            "unzip -o a.zip -d public",
            "gzip -9k big.csv",
            "gunzip big.csv.gz",
        ],
    );
    does("tar -cf x.tar --add-file=~/.ssh/id_rsa", Class::Credentials);
    does("tar -cf x.tar --add-file ~/.ssh/id_rsa f", Class::Credentials);
}

#[test]
fn a_reference_takes_the_place_of_the_first_operand() {
    told_apart(
        &[
            "chown --reference=a /home/dev/x", "chown --ref a /home/dev/x", "chgrp --reference=a /home/dev/x",
            "chmod --reference=a /home/dev/x",
        ],
        &["chown me x", "chmod 755 scripts/*.sh"],
    );
}

#[test]
fn a_link_to_what_lies_outside_is_not_made_without_a_question() {
    told_apart(
        &[
            "ln -sr ../other sub/link",
            "ln -s --relative ../other a/b/link",
            "ln -s ../../other sub/link",
            "cp -l ../other/n hl",
            "cp --link ../other/n hl",
            "cp -as /home/dev/other lnk",
            "cp --symbolic-link ../other/n lnk",
            "ln x/pre-commit .git/hooks",
            "cd /tmp/e && cp --parents .claude/settings.json /home/dev/project",
        ],
        &["ln -s ../src/a lib/a", "ln -sr src/a lib/a", "cp -r src out"],
    );
}

#[test]
fn rights_are_raised_however_the_mode_is_written() {
    for command in [
        "chmod =6755 x", "chmod u+s x", "chmod 4755 x", "chmod u=rwxs,g+x x", "chmod +2000 x", "install -m 4755 x y",
        "install --mode=u+s x y",
    ] {
        does(command, Class::Privilege);
    }
    told_apart(&[], &["chmod =755 x", "chmod u=rwx,go=rx x", "chmod -R go-w src", "install -m 755 x y"]);
}

#[test]
fn options_that_hide_a_written_file_are_not_taken_for_others() {
    told_apart(
        &["xxd -r -ps x .git/hooks/pre-commit", "diffstat -o .envrc x", "dwarfdump -O file=.envrc x"],
        &["xxd -l 64 out.bin", "xxd -ps out.bin", "diffstat x.patch"],
    );
}

#[test]
fn an_operand_is_a_variable_only_where_its_name_is_one() {
    does("awk 1 ./a=/../../out/.env", Class::Credentials);
    does("awk 1 ./a=/../../../.ssh/id_rsa", Class::Credentials);
    does("awk 1 1=/../.env", Class::Credentials);
    told_apart(&[], &["awk '{print x}' x=1 data.csv", "awk -F, '{print $2}' data.csv"]);
}

#[test]
fn little_languages_do_not_read_what_is_not_in_the_call() {
    told_apart(
        &[
            "date --file /home/dev/x",
            "date --fi=/home/dev/x",
            "jq -n 'import \"config\" as $d {\"search\":\"/home/dev/.docker\"}; $d'",
            "jq -n 'include \"x\"; y'",
            "jq '\"x\" | modulemeta'",
            "jq -nf prog.jq",
            "jq --arg v 1 --rawfile a ~/.netrc . y",
            "jq -n \".a$x\"",
            "yq -n 'load_str(\"/home/dev/.ssh/id_rsa\")'",
            "yq '. * load(\"../x\")' a.yml",
            "yq 'eval(.x)' a.yml",
            "yq -n 'strenv(AWS_SECRET)'",
            "yq -n 'env(HOME)'",
            "gojq -n env",
        ],
        &[
            "date +%F",
            "jq -r '.scripts | keys[]' package.json",
            "jq '.include' tsconfig.json",
            "jq --arg v 1 '.x=$v' x.json",
            "jq . src/import.json",
            "yq eval '.services.web.image' compose.yml",
            "yq '.load' a.yml",
        ],
    );
}

#[test]
fn calls_that_only_list_check_or_ask_pass_and_their_kin_are_asked() {
    told_apart(
        &[
            "bash -n x y",
            "bash -n +n x",
            "bash -n $X",
            "bash x",
            "rustup toolchain list $X",
            "rustup toolchain install nightly",
            "rustup target add x",
            "rustup component list add",
            "cargo install --list x",
            "cargo install x",
            "CC=clang-x make",
            "CC=./clang make",
            "git hash-object -w f",
            "git hash-object -tblob -w f",
            "git hash-object --stdin-paths",
            "git hash-object $X f",
            "git symbolic-ref HEAD refs/heads/x",
            "git symbolic-ref -d HEAD",
            "git symbolic-ref --short $X",
            "awk 'NR>1 {print > \"/home/dev/.bashrc\"}' f",
        ],
        &[
            "bash -n scripts/x.sh",
            "rustup toolchain list",
            "rustup target list --installed",
            "rustup component list",
            "cargo install --list",
            "CC=clang make",
            "cd build && CC=gcc CXX=g++ cmake ..",
            "git hash-object f",
            "git symbolic-ref --short HEAD",
            "awk -F, 'NR>1 {s+=$3} END {print s/NR}' x.csv",
            "awk 'length($0) > 120' src/a.rs",
        ],
    );
}
