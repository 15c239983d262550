//! A shell evaluates the values of the variables that arithmetic names: what they were set to has to be known, however it was set.

use super::told_apart;

#[test]
fn what_a_builtin_sets_without_that_it_is_named_comes_from_elsewhere() {
    told_apart(
        &[
            "mapfile -t < README.md; echo $((MAPFILE[0]))",
            "mapfile -t < README.md; echo $((MAPFILE))",
            "readarray < README.md; echo $((MAPFILE))",
            "mapfile < README.md; [[ MAPFILE -gt 0 ]]",
            "read < README.md; echo $((REPLY))",
            "[[ $x =~ (.*) ]]; echo $((BASH_REMATCH[1]))",
            "cd src; echo $((DIRSTACK))",
            "getopts a: o; echo $((OPTARG))",
            "mapfile -t < f; rm \"$MAPFILE\"",
        ],
        &["mapfile -t < README.md; echo \"${MAPFILE[0]}\"", "mapfile -t x < README.md; echo \"${#x[@]}\""],
    );
}

#[test]
fn a_name_attached_to_an_option_is_set_too() {
    told_apart(
        &[
            "read -rax <f; echo $((x))", "read -ran <f; echo $((n))", "read -u0 -ax <f; echo $((x[0]))",
            "read -rAx <f; echo $((x))", "read -r -a x <f; echo $((x))", "read x$y <f; echo $((xz))",
            "read x{a,b} <f; echo $((xb))", "mapfile -tx y <f; echo $((x))", "wait -npx; echo $((x))",
        ],
        &[
            "i=1; read -rn1 k <f; echo $((i))",
            "i=1; read -r -t5 -d '' k <f; echo $((i + 1))",
            "i=1; mapfile -tn5 k <f; echo $((i + 1))",
            "i=1; IFS= read -r line <f; echo $((i + 1))",
            "declare -r i=1; echo $((i + 1))",
        ],
    );
}

#[test]
fn an_index_in_a_name_that_a_builtin_takes_is_evaluated() {
    told_apart(
        &[
            "read n<f; declare a[n]=1", "read n<f; declare 'a[n]=1'", "read n<f; declare \"a[$n]=1\"",
            "read n<f; declare a[b[n]]=1", "read n<f; export a[n]=1", "read n<f; local a[n]=1",
            "read n<f; readonly a[n]=1", "read n<f; typeset a[n]=1", "read n<f; unset a[n]", "read n<f; unset 'a[n]'",
            "read n<f; read a[n] <g", "read n<f; read -r 'a[n]' <g", "read n<f; printf -v a[n] x",
            "read n<f; ls {a[n]}>g", "read n<f; ls {a[1+n]}<g", "unset 'a[$(id)]'", "unset 'a[PATH=1]'",
            "declare a[0]=$(cat f); echo $((a))", "n=$(cat f) let m=n", "n=$(cat f) unset a[n]",
        ],
        &[
            "n=1; declare a[n]=1", "n=1; unset a[n]", "n=1; unset 'a[n]'", "n=1; read a[n] <g",
            "declare a[0]=$(cat f)", "read n<f; declare a=\"$n\"", "ls {n}>g", "n=1; ls {a[n]}>g",
        ],
    );
}

#[test]
fn names_of_files_come_from_elsewhere() {
    told_apart(
        &[
            "for n in *; do echo $((n)); done",
            "for n in src/*; do (( n )); done",
            "for n in [a-z]?; do let m=n; done",
            "n=(*); echo $((n))",
            "n=(a b *.rs); echo $((n[2]))",
            "n=([a]*); echo $((n))",
            "select n in *; do echo $((n)); done",
            "x='*'; for n in $x; do echo $((n)); done",
            "x=*; n=($x); echo $((n))",
            "for n in ${x:-*}; do echo $((n)); done",
            "a=(*); for n in \"${a[@]}\"; do echo $((n)); done",
            "let *",
        ],
        &[
            "for f in *.rs; do wc -l \"$f\"; done",
            "for i in 1 2 3; do echo $((i*2)); done",
            "for i in {1..5}; do echo $((i*2)); done",
            "i=0; for f in *.rs; do i=$((i+1)); done; echo $i",
            "for f in *.rs; do n=$(wc -l < \"$f\"); echo $((n * 2)); done",
            "a=(*.rs); echo $((${#a[@]} * 2))",
            "a=(1 2 3); for i in \"${a[@]}\"; do echo $((i * 2)); done",
            "a=([1]=2); echo $((a[1]))",
            "x=5; let y=x*2",
            "x='1 2 3'; for i in $x; do echo $((i * 2)); done",
        ],
    );
}
