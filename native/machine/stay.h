// Keeps the addon's code where it is: Node unloads an addon when the last environment that uses it ends, and no thread
// of ours may then be without code.
#pragma once

namespace nonlin {

// Until the process ends. On Linux the linker says so for the whole file.
void stay_loaded();

} // namespace nonlin
