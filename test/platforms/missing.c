// What Debian's libstdc++ and libgcc ask of glibc and musl has not, for Bun's build for musl, which takes its libstdc++
// from the system. Nothing that the addon itself uses.
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

char __libc_single_threaded = 0;
int __cpu_model[4];
int __cpu_indicator_init(void) { return 0; }
// There is none: libgcc then asks dl_iterate_phdr.
int _dl_find_object(void *address, void *found) { return -1; }
int __cxa_thread_atexit_impl(void (*f)(void *), void *object, void *library) { return 0; }
size_t __strftime_l(char *s, size_t most, const char *format, const struct tm *time, locale_t locale) {
  return strftime_l(s, most, format, time, locale);
}
unsigned arc4random(void) {
  unsigned value;
  return getrandom(&value, sizeof value, 0) == sizeof value ? value : 0;
}
