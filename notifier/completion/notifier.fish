# fish looks for a file of the command's name; what it needs is in metroplex's.
source (string replace -r 'notifier\.fish$' metroplex.fish (status filename))
