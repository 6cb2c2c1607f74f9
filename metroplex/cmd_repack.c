/* metroplex repack: what a run starts beside itself where packs have become many. */
#include <sysexits.h>

#include "base/error.h"
#include "base/log.h"
#include "commands.h"
#include "instance/instance.h"
#include "instance/upkeep.h"

int
cmd_repack(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, NULL, "", "Makes few packs of fifty and more.", 0, 0, &argc, &argv);
    if (!mp_instance_begin(&instance, &options, &error))
        return mp_report(error);
    if (mp_upkeep_repack(instance.config, &error))
        return EX_OK;
    mp_warn("%s", error->message);
    return mp_error_exit_status(error);
}
