# Reads a .env on stdin as compose does, and prints it as exports for bash. Variables that the
# environment has already are left out, and so are empty ones: docker-compose.yml takes its default
# for them, and so do we.
use strict;
use warnings;

my %file;

# Variables in a value: $NAME, ${NAME}, and ${NAME:-DEFAULT} and its like; $$ is a dollar sign.
sub expand {
    my ($text) = @_;
    $text =~ s<\$(?:(\$)|(\w+)|\{(\w+)(?:(:?)([-+])([^}]*))?\})>{
        my ($name, $colon, $sign, $other) = ($2 // $3, $4, $5, $6);
        my $value = $1 // $ENV{$name} // $file{$name};
        my $is_there = defined $value && ($value ne '' || !$colon);
        !$sign ? $value // '' : $sign eq '+' ? ($is_there ? $other : '')
            : $is_there ? $value : $other;
    }ge;
    return $text;
}

# What is in double quotes. An escaped dollar sign begins no variable.
sub unescape {
    my ($text) = @_;
    my %meant = (n => "\n", r => "\r", t => "\t", '"' => '"', '\\' => '\\', '$' => '$');
    return join '', map {
        /\A\\(.)\z/s ? $meant{$1} // $_ : expand($_);
    } $text =~ /\\.|[^\\]+/gs;
}

my $text = do { local $/; <STDIN> } // '';
$text =~ s/\A\xEF\xBB\xBF//;
$text =~ s/\r\n?/\n/g;
while ($text =~ /\G\s*/gc, pos $text < length $text) {
    my $line = 1 + (substr($text, 0, pos $text) =~ tr/\n//);
    next if $text =~ /\G#[^\n]*/gc;
    $text =~ /\G(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*/gc or die "line $line has no name\n";
    my $name = $1;
    # A name alone means what the environment has.
    next if $text =~ /\G(?:#[^\n]*)?(?=\n|\z)/gc;
    $text =~ /\G[=:]/gc or die "line $line has no = after the name\n";
    my $end = qr/[ \t]*(?:#[^\n]*)?(?=\n|\z)/;
    if ($text =~ /\G[ \t]*'((?:\\'|[^'])*)'$end/gc) {
        $file{$name} = $1 =~ s/\\'/'/gr;
    } elsif ($text =~ /\G[ \t]*"((?:\\.|[^"\\])*)"$end/gcs) {
        $file{$name} = unescape($1);
    } elsif ($text =~ /\G[ \t]*['"]/gc) {
        die "line $line has a quote that does not end, or something after it\n";
    } else {
        $text =~ /\G([^\n]*)/gc;
        $file{$name} = expand($1 =~ s/\s#.*//r =~ s/\A\s+|\s+\z//gr);
    }
}
for my $name (sort keys %file) {
    next if exists $ENV{$name} || $file{$name} eq '' || $name =~ /[.-]/;
    print "export $name='", $file{$name} =~ s/'/'\\''/gr, "'\n";
}
