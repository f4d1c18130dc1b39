/** Options of `bun build --compile` for everything that is compared with the product or is the product. */

/** The folder it is started in is hostile: nothing in it may change what the executable does. */
export const ignoringItsFolder = {
  autoloadDotenv: false,
  autoloadBunfig: false,
  autoloadTsconfig: false,
  autoloadPackageJson: false,
} as const;
