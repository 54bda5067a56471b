/** Stands for the class that Node 20 does not have yet: two bytes an element and that name; reads as bits. */
export class FakeFloat16Array extends Uint16Array {
  // @ts-expect-error: a Uint16Array has another name
  override get [Symbol.toStringTag](): "Float16Array" {
    return "Float16Array";
  }
}
