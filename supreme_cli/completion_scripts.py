"""How does each shell complete? By a script that holds every word and starts no program."""

from collections.abc import Callable, Iterator

from supreme_cli.completion import DIRECTORIES, FILES, Grammar, Offer, Verb

TOP = Verb("", "", {"--help": "what a newcomer needs", "--version": "which one this is"}, Offer())
BASH = """\
# Completes supreme in bash; printed by `supreme completion bash`.
_supreme() {
    local at=$COMP_CWORD current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local verb= alone= flags= paths=
    [[ $current == = ]] && current=
    [[ $before == = ]] && before=${COMP_WORDS[at-2]}
    case $before in
VALUES
    *)
        ((at > 1)) && verb=${COMP_WORDS[1]}
        case $verb in
        GROUPS) ((at > 2)) && verb+=" ${COMP_WORDS[2]}" ;;
        esac
        case $verb in
VERBS
        esac
        ;;
    esac
    if [[ $current == -* || -z $alone$paths ]]; then
        alone=$flags paths=
    fi
    COMPREPLY=($(compgen -W "$alone" -- "$current"))
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    case $paths in
    files) compopt -o default 2>/dev/null ;;
    directories) compopt -o dirnames 2>/dev/null ;;
    esac
}
complete -F _supreme supreme
"""
ZSH = """\
#compdef supreme
# Completes supreme in zsh; printed by `supreme completion zsh`.
_supreme() {
    local current=${words[CURRENT]} before=${words[CURRENT-1]} verb= paths=
    local -a alone flags
    if [[ $current == --*=* ]]; then
        before=${current%%=*} current=${current#*=}
        compset -P 1 '*='
    fi
    if [[ $before == --set && $current == *=* ]]; then
        before=${current%%=*}
        compset -P 1 '*='
    fi
    case $before in
VALUES
    *)
        ((CURRENT > 2)) && verb=${words[2]}
        case $verb in
        GROUPS) ((CURRENT > 3)) && verb+=" ${words[3]}" ;;
        esac
        case $verb in
VERBS
        esac
        ;;
    esac
    if [[ $current == -* || -z "$alone$paths" ]]; then
        _describe -o option flags
    elif [[ ${alone[1]} == *= ]]; then
        compadd -S '' -a alone
    else
        (($#alone)) && _describe word alone
        case $paths in
        files) _files ;;
        directories) _files -/ ;;
        esac
    fi
}
if [[ ${funcstack[1]} == _supreme ]]; then
    _supreme "$@"
else
    compdef _supreme supreme
fi
"""
FISH = """\
# Completes supreme in fish; printed by `supreme completion fish`.
function __supreme_at
    set -l words (commandline -opc)
    set -e words[1]
    test "$words" = "$argv"
end
function __supreme_in
    set -l words (commandline -opc)
    set -e words[1]
    set -l count (count $argv)
    test (count $words) -ge $count; and test "$words[1..$count]" = "$argv"
end
complete -c supreme -e
complete -c supreme -f
"""


def bash(grammar: Grammar) -> str:
    """The script for bash; it has no place for help beside the words."""
    return filled(BASH, grammar, lambda rows: quoted(" ".join(rows)))


def zsh(grammar: Grammar) -> str:
    """The script for zsh, each verb and option with its line of help."""
    return filled(ZSH, grammar, described)


def described(rows: dict[str, str]) -> str:
    """A list of zsh's: `word:help`, or the word alone."""
    words = (f"{word}:{text}" if text else word for word, text in rows.items())
    return f"({' '.join(map(quoted, words))})"


def filled(script: str, grammar: Grammar, listed: Callable[[dict[str, str]], str]) -> str:
    """A script with its `case` rows, their lists as its shell writes them."""
    values = (
        f"    {before}) {alone(offer, dict.fromkeys(offer.words, ''), listed)} ;;"
        for before, offer in grammar.values.items()
    )
    verbs = (
        f"        {quoted(verb.words)}) flags={listed(verb.options)} "
        f"{alone(verb.alone, words_after(grammar, verb), listed)} ;;"
        for verb in [TOP, *grammar.verbs]
    )
    groups = (verb.words for verb in grammar.verbs if below(grammar, verb))
    script = script.replace("VALUES", "\n".join(values)).replace("VERBS", "\n".join(verbs))
    return script.replace("GROUPS", "|".join(groups))


def alone(offer: Offer, words: dict[str, str], listed: Callable[[dict[str, str]], str]) -> str:
    """The assignments of what may stand somewhere."""
    return f"alone={listed(words)}" + (f" paths={offer.paths}" if offer.paths else "")


def words_after(grammar: Grammar, verb: Verb) -> dict[str, str]:
    """The verbs below one with their lines, or the words that it takes."""
    found = {one.words.split()[-1]: one.line for one in below(grammar, verb)}
    return found or dict.fromkeys(verb.alone.words, "")


def below(grammar: Grammar, verb: Verb) -> list[Verb]:
    """The verbs one word longer than this one."""
    return [one for one in grammar.verbs if one.words.split()[:-1] == verb.words.split()]


def quoted(text: str) -> str:
    """A word of bash or zsh, whatever it holds."""
    return "'" + text.replace("'", "'\\''") + "'"


def fish(grammar: Grammar) -> str:
    """The script for fish, each verb and option with its line of help."""
    rows = (row for verb in [TOP, *grammar.verbs] for row in fish_rows(grammar, verb))
    return FISH + "".join(f"complete -c supreme {row}\n" for row in rows)


def fish_rows(grammar: Grammar, verb: Verb) -> Iterator[str]:
    """What fish may complete after a verb: verbs below it, options, words, paths."""
    exactly = f"-n '__supreme_at {verb.words}'"
    where = exactly if below(grammar, verb) else f"-n '__supreme_in {verb.words}'"
    for word, line in words_after(grammar, verb).items():
        yield f"{where} -a {word}" + (f" -d {fish_quoted(line)}" if line else "")
    if verb.alone.paths:
        yield where + fish_paths(verb.alone)
    for name, line in verb.options.items():
        offer = grammar.values.get(name)
        follows = "" if offer is None else f" -r{fish_words(grammar, offer)}{fish_paths(offer)}"
        yield f"{where} -l {name.removeprefix('--')}{follows} -d {fish_quoted(line)}"


def fish_words(grammar: Grammar, offer: Offer) -> str:
    """The words that may follow an option; a key that is a choice with each of its values."""
    words = []
    for word in offer.words:
        choice = grammar.values.get(word.removesuffix("="), Offer()).words
        words += [word + value for value in choice] or [word]
    return f" -a {fish_quoted(' '.join(words))}" if words else ""


def fish_paths(offer: Offer) -> str:
    """What fish itself completes there, or nothing."""
    kinds = {FILES: " -F", DIRECTORIES: " -f -a '(__fish_complete_directories)'", "": " -f"}
    return kinds[offer.paths]


def fish_quoted(text: str) -> str:
    """A word of fish, whatever it holds."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SCRIPTS = {"bash": bash, "zsh": zsh, "fish": fish}
