# Completion of metroplex(8) and notifier(8) for bash. All of it is the programs' own answer to --help,
# so that nothing here goes out of date: the commands, the options, and by the words in their places
# (LOGIN, FILE, open|closed) what may stand there. Logins, threads and events are the tracker's.

# What --help says of the words of a command, a line each. The program for it comes here as it is installed.
_metroplex_ask() {
    LC_ALL=C.UTF-8 "$@" --help 2>/dev/null </dev/null | awk '
@help.awk@
'
}

# The same of the words typed so far. A program without a command has options of its own.
_metroplex_learn() {
    known=$(_metroplex_ask "${typed[@]}"; ((${#typed[@]} > 1)) || _metroplex_ask "${typed[@]}" --once)
}

# The value that the option takes, or nothing.
_metroplex_value() {
    [[ $1 == --config ]] && echo FILE && return
    [[ $1 == --data ]] && echo DIR && return
    awk -F'\t' -v word="$1" '$1 == "option" && $2 == word && $3 != "-" { print $3; exit }' <<<"$known"
}

# Reads the line up to the cursor: the words of the command in typed, what --help says of them in known, how many arguments
# stand behind them, which installation is meant, and the option whose value is being typed. bash parts --as=tim in three.
_metroplex_read() {
    local i=1 word
    typed=("${COMP_WORDS[0]}") installation=() arguments=0 option=''
    _metroplex_learn
    while ((i < COMP_CWORD)); do
        word=${COMP_WORDS[i++]}
        if [[ $word == --?* ]]; then
            # any other option before a command is the program's own, and then there is no command
            [[ $word =~ ^--(config|data|json)$ ]] || known=$(grep -v ^command <<<"$known")
            if [[ ${COMP_WORDS[i]} == = ]]; then ((i++)); elif [[ -z $(_metroplex_value "$word") ]]; then continue; fi
            ((i < COMP_CWORD)) || option=$word
            [[ $word == --config || $word == --data ]] && installation+=("$word=${COMP_WORDS[i]}")
            ((i++))
        elif [[ $'\n'$known == *$'\n'"command"$'\t'"$word"$'\t'* ]]; then
            typed+=("$word")
            _metroplex_learn
        else
            ((arguments++))
        fi
    done
}

_metroplex_column() { # PROGRAM COMMAND LIST COLUMN
    "${@:1:3}" "${installation[@]}" 2>/dev/null </dev/null | awk -v n="$4" '{ print $n }' | sort -u
}

_metroplex_settings() { # SUFFIX
    metroplex settings --json "${installation[@]}" 2>/dev/null </dev/null | sed -n "s/^{\"key\":\"\([a-z.-]*\)\".*/\1$1/p"
}

# What may stand where --help has this word, in choices.
_metroplex_offer() {
    case $1 in
    FILE) compopt -o default 2>/dev/null ;;
    DIR) compopt -o dirnames 2>/dev/null ;;
    LOGIN) choices=$(_metroplex_column metroplex user list 2) ;;
    ID | THREAD) choices=$(_metroplex_column metroplex thread list 1) ;;
    OWNER/NAME) choices=$(_metroplex_column metroplex thread list 4) ;;
    EVENT) choices=$(_metroplex_column notifier queue list 1) ;;
    USER) choices=$(compgen -u) ;;
    SETTING) choices=$(_metroplex_settings) ;;
    SETTING=VALUE) choices=$(_metroplex_settings =); compopt -o nospace 2>/dev/null ;;
    *[A-Z]*) ;;
    *) choices=${1//|/ } ;;
    esac
}

_metroplex() {
    local current=${COMP_WORDS[COMP_CWORD]} choices='' known arguments option
    local -a typed installation
    [[ $current == = ]] && current=''
    _metroplex_read
    if [[ -n $option ]]; then
        _metroplex_offer "$(_metroplex_value "$option")"
    elif [[ $current == -* ]]; then
        choices=$(awk -F'\t' '$1 == "option" { print $2 ($3 == "-" ? "" : "=") }' <<<"$known")
    elif [[ $'\n'$known == *$'\n'command$'\t'* ]] && ((arguments == 0)); then
        choices=$(awk -F'\t' '$1 == "command" { print $2 }' <<<"$known")
    else
        _metroplex_offer "$(awk -F'\t' -v n="$arguments" '$1 == "argument" && (i++ == n || $3 == "…") { print $2; exit }' <<<"$known")"
    fi
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$current")
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -F _metroplex metroplex notifier
