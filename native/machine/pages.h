// Huge pages for large arrays that nobody has written to yet: there, page faults cost several times what the work does.
#pragma once

#include <cstddef>

namespace nonlin {

// Advice only, on the whole pages inside [data, data + bytes): contents, owner and errors stay as they are.
void prefer_huge_pages(void *data, size_t bytes);

} // namespace nonlin
