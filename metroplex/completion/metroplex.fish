# Completion of metroplex(8) and notifier(8) for fish. All of it is the programs' own answer to --help, so
# that nothing here goes out of date: the commands, the options, and by the words in their places (LOGIN,
# FILE, open|closed) what may stand there. Logins, threads and events are the tracker's.

# What --help says of the words of a command, a line each. The program for it comes here as it is installed.
function __metroplex_ask
    env LC_ALL=C.UTF-8 $argv --help 2>/dev/null </dev/null | awk '
@help.awk@
'
end

# The same of the words typed so far. A program without a command has options of its own.
function __metroplex_learn
    __metroplex_ask $argv
    test (count $argv) -gt 1; or __metroplex_ask $argv --once
end

# The value that the option takes, or nothing, by what --help says.
function __metroplex_value
    switch $argv[1]
        case --config
            echo FILE
        case --data
            echo DIR
        case '*'
            printf '%s\n' $argv[2..-1] | awk -F'\t' -v word=$argv[1] '$1 == "option" && $2 == word && $3 != "-" { print $3; exit }'
    end
end

function __metroplex_column # PROGRAM COMMAND LIST COLUMN INSTALLATION…
    command $argv[1..3] $argv[5..-1] 2>/dev/null </dev/null | awk -v n=$argv[4] '{ print $n }' | sort -u
end

function __metroplex_settings
    metroplex settings --json $argv 2>/dev/null </dev/null | sed -n 's/^{"key":"\([a-z.-]*\)".*/\1/p'
end

# What may stand where --help has this word: VALUE, the current word, INSTALLATION…
function __metroplex_offer
    set -l installation $argv[3..-1]
    switch $argv[1]
        case FILE
            __fish_complete_path $argv[2]
        case DIR
            __fish_complete_directories $argv[2]
        case LOGIN
            __metroplex_column metroplex user list 2 $installation
        case ID THREAD
            __metroplex_column metroplex thread list 1 $installation
        case OWNER/NAME
            __metroplex_column metroplex thread list 4 $installation
        case EVENT
            __metroplex_column notifier queue list 1 $installation
        case USER
            __fish_complete_users
        case SETTING
            __metroplex_settings $installation
        case SETTING=VALUE
            string replace -r '$' = (__metroplex_settings $installation)
        case '*'
            string match -qr '[A-Z]' -- $argv[1]; or string split '|' -- $argv[1]
    end
end

function __metroplex_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l typed $words[1]
    set -l known (__metroplex_learn $typed)
    set -l installation
    set -l option
    set -l arguments 0
    for word in $words[2..-1]
        if set -q option[1]
            contains -- $option --config --data; and set -a installation $option=$word
            set -e option
        else if string match -qr -- '^--.' $word
            # any other option before a command is the program's own, and then there is no command
            string match -qr -- '^--(config|data|json)(=|$)' $word; or set known (string match -v 'command*' -- $known)
            if string match -qr -- '^--(config|data)=' $word
                set -a installation $word
            else if not string match -q -- '*=*' $word; and test -n "$(__metroplex_value $word $known)"
                set option $word
            end
        else if string match -q -- "command"\t"$word"\t'*' $known
            set -a typed $word
            set known (__metroplex_learn $typed)
        else
            set arguments (math $arguments + 1)
        end
    end
    if set -q option[1]
        __metroplex_offer "$(__metroplex_value $option $known)" $current $installation
    else if string match -q -- '--*=*' $current
        set -l parts (string split -m 1 = -- $current)
        string replace -r '^' -- $parts[1]= (__metroplex_offer "$(__metroplex_value $parts[1] $known)" "$parts[2]" $installation)
    else if string match -q -- '-*' $current
        printf '%s\n' $known | awk -F'\t' '$1 == "option" { print $2 ($3 == "-" ? "" : "=") "\t" $4 }'
    else if test $arguments = 0; and string match -q 'command*' -- $known
        printf '%s\n' $known | awk -F'\t' '$1 == "command" { print $2 "\t" $4 }'
    else
        __metroplex_offer "$(printf '%s\n' $known | awk -F'\t' -v n=$arguments '$1 == "argument" && (i++ == n || $3 == "…") { print $2; exit }')" "$current" $installation
    end
end

for program in metroplex notifier
    complete -c $program -f -a '(__metroplex_complete)'
end
