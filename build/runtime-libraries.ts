/**
 * What Bun's runtime, which every executable starts with, is made of: the libraries that it links statically. Bun's npm
 * packages carry no license texts; this follows the list in LICENSE.md of Bun's source at the version used.
 */
export interface RuntimeLibrary {
  name: string;
  /** SPDX identifiers; every one of them applies to a part of it. */
  licenses: string[];
  copyright: string;
  source: string;
  /** The one platform that it is linked on; all without it. */
  platform?: NodeJS.Platform;
}

const github = "https://github.com";

export const runtimeLibraries: readonly RuntimeLibrary[] = [
  {
    name: "JavaScriptCore (WebKit)",
    licenses: ["LGPL-2.0-only", "LGPL-2.1-only", "BSD-2-Clause"],
    copyright: "Apple Inc., the KDE project and the contributors to WebKit",
    source: `${github}/oven-sh/WebKit`,
  },
  {
    name: "BoringSSL",
    licenses: ["Apache-2.0", "ISC", "OpenSSL", "MIT", "BSD-3-Clause"],
    copyright:
      "The OpenSSL Project, Eric Young, Google Inc., Shay Gueron, Cloudflare Ltd, Brian Smith, the fiat-crypto authors and the BoringSSL authors",
    source: "https://boringssl.googlesource.com/boringssl",
  },
  { name: "brotli", licenses: ["MIT"], copyright: "2009-2016 the Brotli Authors", source: `${github}/google/brotli` },
  {
    name: "libarchive",
    licenses: ["BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"],
    copyright: "2003-2018 Tim Kientzle, the Regents of the University of California and others",
    source: `${github}/libarchive/libarchive`,
  },
  {
    name: "lol-html",
    licenses: ["BSD-3-Clause"],
    copyright: "2019 Cloudflare, Inc.",
    source: `${github}/cloudflare/lol-html`,
  },
  {
    name: "ls-hpack",
    licenses: ["MIT"],
    copyright: "2018-2023 LiteSpeed Technologies Inc.",
    source: `${github}/litespeedtech/ls-hpack`,
  },
  {
    name: "ls-qpack",
    licenses: ["MIT"],
    copyright: "2018-2023 LiteSpeed Technologies Inc.",
    source: `${github}/litespeedtech/ls-qpack`,
  },
  {
    name: "lsquic",
    licenses: ["MIT", "BSD-3-Clause"],
    copyright: "2017-2023 LiteSpeed Technologies Inc.; 2015 the Chromium Authors",
    source: `${github}/litespeedtech/lsquic`,
  },
  {
    name: "mimalloc",
    licenses: ["MIT"],
    copyright: "2018-2025 Microsoft Corporation, Daan Leijen",
    source: `${github}/microsoft/mimalloc`,
  },
  {
    name: "picohttpparser",
    licenses: ["MIT"],
    copyright: "2009-2014 Kazuho Oku, Tokuhiro Matsuno, Daisuke Murase, Shigeo Mitsunari",
    source: `${github}/h2o/picohttpparser`,
  },
  {
    name: "Zstandard",
    licenses: ["BSD-3-Clause"],
    copyright: "Meta Platforms, Inc. and affiliates",
    source: `${github}/facebook/zstd`,
  },
  {
    name: "simdutf",
    licenses: ["Apache-2.0"],
    copyright: "The simdutf authors",
    source: `${github}/simdutf/simdutf`,
  },
  {
    name: "TinyCC",
    licenses: ["LGPL-2.1-only"],
    copyright: "2001-2004 Fabrice Bellard and the TinyCC authors",
    source: `${github}/tinycc/tinycc`,
  },
  {
    name: "uSockets and uWebSockets",
    licenses: ["Apache-2.0"],
    copyright: "Alex Hultman",
    source: `${github}/uNetworking/uSockets`,
  },
  {
    name: "zlib-ng",
    licenses: ["Zlib"],
    copyright: "1995-2024 Jean-loup Gailly and Mark Adler",
    source: `${github}/zlib-ng/zlib-ng`,
  },
  {
    name: "c-ares",
    licenses: ["MIT"],
    copyright: "1998 Massachusetts Institute of Technology; 2007-2023 Daniel Stenberg with many contributors",
    source: `${github}/c-ares/c-ares`,
  },
  {
    name: "ICU",
    licenses: ["Unicode-3.0"],
    copyright: "1991-2023 Unicode, Inc.; 1995-2016 International Business Machines Corporation and others",
    source: `${github}/unicode-org/icu`,
  },
  {
    name: "base64",
    licenses: ["BSD-2-Clause"],
    copyright: "2005-2007 Nick Galbreath; 2015-2018 Wojciech Muła; 2016-2017 Matthieu Darbois; 2013-2022 Alfred Klomp",
    source: `${github}/aklomp/base64`,
  },
  {
    name: "libuv",
    licenses: ["MIT"],
    copyright: "2015-present libuv project contributors; Joyent, Inc. and other Node contributors",
    source: `${github}/libuv/libuv`,
    platform: "win32",
  },
  {
    name: "libdeflate",
    licenses: ["MIT"],
    copyright: "2016 Eric Biggers; 2024 Google LLC",
    source: `${github}/ebiggers/libdeflate`,
  },
  {
    name: "libjpeg-turbo",
    licenses: ["IJG", "BSD-3-Clause", "Zlib"],
    copyright:
      "1991-2020 Thomas G. Lane, Guido Vollbeding; 2009-2024 D. R. Commander; 2015 Viktor Szathmáry; 1999-2006 MIYASAKA Masaru. This software is based in part on the work of the Independent JPEG Group.",
    source: `${github}/libjpeg-turbo/libjpeg-turbo`,
  },
  { name: "libspng", licenses: ["BSD-2-Clause"], copyright: "2018-2022 Randy", source: `${github}/randy408/libspng` },
  {
    name: "libwebp",
    licenses: ["BSD-3-Clause"],
    copyright: "2010 Google Inc.",
    source: `${github}/webmproject/libwebp`,
  },
  {
    name: "Highway",
    licenses: ["Apache-2.0"],
    copyright: "The Highway Project Authors",
    source: `${github}/google/highway`,
  },
  {
    name: "uucode",
    licenses: ["MIT"],
    copyright: "Jacob Sandlund and contributors",
    source: `${github}/jacobsandlund/uucode`,
  },
  {
    name: "LLVM libc++abi (__cxa_thread_atexit)",
    licenses: ["Apache-2.0"],
    copyright: "The LLVM Project contributors; with the LLVM exception",
    source: `${github}/llvm/llvm-project`,
  },
  {
    name: "TigerBeetle (parts of its input and output)",
    licenses: ["Apache-2.0"],
    copyright: "TigerBeetle, Inc. and contributors",
    source: `${github}/tigerbeetle/tigerbeetle`,
  },
  {
    name: "esbuild (Bun's transpiler is a port of parts of it)",
    licenses: ["MIT"],
    copyright: "2020 Evan Wallace",
    source: `${github}/evanw/esbuild`,
  },
  {
    name: "acorn, acorn-walk and the packages behind Bun's node: modules (assert, browserify-zlib, buffer, constants-browserify, crypto-browserify, domain-browser, events, https-browserify, os-browserify, path-browserify, process, punycode, querystring-es3, stream-browserify, stream-http, string_decoder, timers-browserify, tty-browserify, url, util, vm-browserify)",
    licenses: ["MIT"],
    copyright:
      "Marijn Haverbeke and other acorn contributors; Feross Aboukhadijeh; James Halliday; Joyent, Inc. and other Node contributors; Mathias Bynens; Devon Govett; Roman Shtylman; the Browserify contributors; and other contributors",
    source: `${github}/oven-sh/bun`,
  },
];
