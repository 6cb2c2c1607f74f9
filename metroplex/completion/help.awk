# What --help says of the words of a command, a line each: "command", "option" or "argument", the word, what
# is its value (- for none) or whether it may stand several times (… or -), and what it is for. The completions
# have it between single quotes, of which there is none in it.
/^Commands:$/ { table = 1; next }
table { if (!NF) exit; word = $1; $1 = ""; print "command\t" word "\t-\t" substr($0, 2); next }
/^Usage:$/ { usage = 1; next }
usage && NF { line = line " " $0; next }
usage { usage = 0 }
/^[A-Z][a-z]+s: / { list = $0; sub(/^[^ ]+ /, "", list); sub(/\.$/, "", list); gsub(/, */, "|", list); lists[toupper(substr($1, 1, length($1) - 2))] = list }
/^  +(-., )?--/ {
    sub(/^ +(-., )?/, ""); word = $1; $1 = ""; value = "-"
    if (i = index(word, "=")) { value = substr(word, i + 1); word = substr(word, 1, i - 1) }
    values[word] = value
    print "option\t" word "\t" value "\t" substr($0, 2)
}
END {
    n = split(line, part)
    for (i = 1; i <= n && part[i] !~ /^\[OPTION/; i++);
    for (i++; i <= n; i++) {
        many = part[i] ~ /…/ ? "…" : "-"
        gsub(/[][]|…|\|-/, "", part[i])
        word = part[i]; sub(/\|.*/, "", word)
        if (word in lists) sub(/^[^|]+/, lists[word], part[i])
        if (part[i] ~ /^--/) { if (values[part[i]] != "-") i++ }
        else if (part[i] ~ /[A-Za-z]/) print "argument\t" part[i] "\t" many
    }
}
