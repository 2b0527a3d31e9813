// What a runtime that imports modules of WebAssembly gives for one.
declare module "*.wasm" {
  const module: object;
  export default module;
}
