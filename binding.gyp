# The native addon, build/Release/forebay.node. It needs node-gyp, python3, make and a C++20 compiler,
# the headers that --nodedir names, and nothing of npm's configuration.
{
  # Where a checkout has them; an installed package says its own places (scripts/lib/addon.mjs).
  "variables": {
    "blake3%": "node_modules/@c4312/blake3-native/c",
    "node_addon_api%": "<(module_root_dir)/node_modules/node-addon-api",
  },
  "target_defaults": {
    "cflags": ["-O3", "-fvisibility=hidden"],
    "xcode_settings": {
      "GCC_OPTIMIZATION_LEVEL": "3",
      "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
      "MACOSX_DEPLOYMENT_TARGET": "11.0",
    },
  },
  "targets": [
    {
      # Other people's C, without our -Werror. blake3.c comes in through our blake3_subtree.c, because
      # the function that hashes a subtree is static there. On x64 the package's assembly holds every
      # instruction set and is chosen from at run time, so no file needs flags of its own.
      "target_name": "blake3",
      "type": "static_library",
      "include_dirs": ["<(blake3)"],
      "sources": [
        "native/core/blake3_subtree.c",
        "<(blake3)/blake3_dispatch.c",
        "<(blake3)/blake3_portable.c",
      ],
      "cflags": ["-fPIC", "-w"],
      "xcode_settings": {"WARNING_CFLAGS": ["-w"]},
      "conditions": [
        ["target_arch=='x64'", {
          "sources": [
            "<(blake3)/blake3_sse2_x86-64_unix.S",
            "<(blake3)/blake3_sse41_x86-64_unix.S",
            "<(blake3)/blake3_avx2_x86-64_unix.S",
            "<(blake3)/blake3_avx512_x86-64_unix.S",
          ],
        }],
        ["target_arch=='arm64'", {"sources": ["<(blake3)/blake3_neon.c"]}],
      ],
    },
    {
      "target_name": "forebay",
      "dependencies": ["blake3"],
      "defines": [
        "NAPI_VERSION=9",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        # A worker that is terminated inside a call cannot throw; without this the process would end.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
      ],
      "sources": [
        "native/addon.cc",
        "native/arguments.cc",
        "native/blake3_binding.cc",
        "native/files_binding.cc",
        "native/notify_binding.cc",
        "native/wake_binding.cc",
        "native/wake_watcher.cc",
        "native/core/blake3_tree.cc",
        "native/core/files.cc",
        "native/core/notify.cc",
        "native/core/wake.cc",
      ],
      "conditions": [
        ["OS=='linux'", {
          "sources": [
            "native/hit_server_binding.cc",
            "native/hit_table_binding.cc",
            "native/pump_binding.cc",
            "native/inline_send_binding.cc",
            "native/core/cold_reader.cc",
            "native/core/event_set.cc",
            "native/core/hit_outbox.cc",
            "native/core/hit_request.cc",
            "native/core/hit_server.cc",
            "native/core/hit_table.cc",
            "native/core/local_connection.cc",
            "native/core/pump.cc",
            "native/core/pump_piece.cc",
            "native/core/pump_transfer.cc",
            "native/core/request_ids.cc",
            "native/core/inline_send.cc",
            "native/core/thread.cc",
          ],
        }, {"sources": ["native/linux_elsewhere.cc"]}],
      ],
      # Node's headers are a system's: our warnings are errors, theirs are not ours.
      "cflags": [
        "-Wall", "-Wextra", "-Werror",
        "-isystem<(node_root_dir)/include/node",
        "-isystem<(node_addon_api)",
      ],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-Wno-unused-parameter"],
      "cflags_cc": ["-std=c++20"],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "CLANG_CXX_LIBRARY": "libc++",
        "OTHER_CFLAGS": [
          "-Wall", "-Wextra", "-Werror",
          "-isystem<(node_root_dir)/include/node",
          "-isystem<(node_addon_api)",
        ],
      },
    },
  ],
}
