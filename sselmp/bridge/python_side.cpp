/* ----------------------------------------------------------------------
   The Python interpreter that answers pair_sselmp: the one of this process (sselmp-lmp, or a user's own script), or one
   started through a libpython found at run time (plain lmp). Never linked against Python, compiled without Python.h.
   GPL-2.0 like the pair style (see COPYING).
------------------------------------------------------------------------- */

#include "python_side.h"
#include "pair_sselmp.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <vector>

// The one function pointer. Python writes the address of its function here when it is told to (service.py: attach).
typedef void (*SselmpAnswer)(SselmpRequest *);
static SselmpAnswer answer = nullptr;

static const char *REMEDY = " Start the same input with 'sselmp-lmp' instead of 'lmp': it always works.";

namespace {

// The few functions of the stable C API that are needed, looked up by name.
struct Interpreter {
  int (*is_initialized)();
  void (*initialize)(int);
  wchar_t *(*decode)(const char *, size_t *);
  void (*set_program_name)(const wchar_t *);
  int (*run)(const char *);
  void *(*save_thread)();
  int (*gil_ensure)();
  void (*gil_release)(int);

  bool find(void *library)
  {
    return load(library, "Py_IsInitialized", is_initialized) && load(library, "Py_InitializeEx", initialize) &&
        load(library, "Py_DecodeLocale", decode) && load(library, "PyRun_SimpleString", run) &&
        load(library, "PyEval_SaveThread", save_thread) && load(library, "PyGILState_Ensure", gil_ensure) &&
        load(library, "PyGILState_Release", gil_release) && (load(library, "Py_SetProgramName", set_program_name) || true);
  }

 private:
  template <typename Function> static bool load(void *library, const char *name, Function &function)
  {
    function = reinterpret_cast<Function>(dlsym(library, name));
    return function != nullptr;
  }
};

// Lines of the file that build.py wrote beside this plugin: the environment's python, then libpython candidates.
std::vector<std::string> recorded_paths()
{
  std::vector<std::string> lines;
  Dl_info here;
  if (dladdr(reinterpret_cast<void *>(&sselmp_python_start), &here) == 0) return lines;
  std::ifstream file(std::string(here.dli_fname) + ".python");
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string attach(const Interpreter &python)
{
  // numbers only, so that nothing needs quoting
  char code[256];
  snprintf(code, sizeof(code), "import sselmp.bridge.service as _s; _s.attach(%llu)",
           static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(&answer)));
  if (python.run(code) != 0 || answer == nullptr)
    return "Python started, but sselmp cannot be imported in it (its traceback is above).";
  return "";
}

std::string start_interpreter(Interpreter &python)
{
  std::vector<std::string> paths = recorded_paths();
  if (paths.empty()) return std::string("nothing beside the plugin says which Python to use; build it again.") + REMEDY;
  const std::string program = paths[0];
  void *library = nullptr;
  std::string tried;
  for (size_t i = 1; i < paths.size() && !library; i++) {
    library = dlopen(paths[i].c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (!library) tried += (tried.empty() ? "" : ", ") + paths[i];
  }
  if (!library)
    return "no shared libpython could be loaded (tried: " + (tried.empty() ? "none is known" : tried) + ")." + REMEDY;
  if (!python.find(library) || !python.set_program_name)
    return std::string("this libpython lacks functions to start an interpreter with.") + REMEDY;
  // venvs are found through the program's name; it must outlive the interpreter
  static wchar_t *name = python.decode(program.c_str(), nullptr);
  python.set_program_name(name);
  python.initialize(0);    // 0: signals stay with LAMMPS, so Ctrl-C ends lmp as always
  python.run("import sys; sys.argv = ['lmp']");
  return "";
}

}    // namespace

std::string sselmp_python_start()
{
  if (answer) return "";
  Interpreter python = {};
  if (python.find(RTLD_DEFAULT) && python.is_initialized()) {
    const int state = python.gil_ensure();
    const std::string trouble = attach(python);
    python.gil_release(state);
    return trouble;
  }
  std::string trouble = start_interpreter(python);
  if (!trouble.empty()) return trouble;
  trouble = attach(python);
  python.save_thread();    // the callback takes the interpreter's lock itself
  return trouble;
}

void sselmp_python_answer(SselmpRequest *request)
{
  if (answer) answer(request);
}
