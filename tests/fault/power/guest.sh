#!/usr/bin/env bash
# guest.sh WEFT OUT - makes the guest of a power cut in OUT: vmlinuz, initramfs.gz, empty.img.
#
# Debian's cloud kernel is fetched with apt and unpacked, not installed; the initramfs is busybox, the
# server with its libraries, and the modules for a virtio disk and network. What is there is kept.
# Exit status 77, with the reason on the last line, where this machine cannot.
set -eu
weft=$(readlink -f "$1")
mkdir -p "$2"
out=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

cannot() {
    echo "$1"
    exit 77
}

[ "$(uname -m)" = x86_64 ] || cannot "the guest is made for x86_64, this is $(uname -m)"
command -v apt-get > /dev/null || cannot "the guest's kernel comes from Debian, and apt-get is not here"

missing=
for pair in qemu-system-x86_64:qemu-system-x86 cpio:cpio mkfs.ext4:e2fsprogs debugfs:e2fsprogs \
    /bin/busybox:busybox-static; do
    PATH=$PATH:/sbin:/usr/sbin command -v "${pair%%:*}" > /dev/null || missing="$missing ${pair##*:}"
done
if [ -n "$missing" ]; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    command -v ${as_root:-true} > /dev/null || cannot "missing:$missing; neither root nor sudo"
    $as_root apt-get update -q
    # shellcheck disable=SC2086 # a list of words
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing ||
        cannot "apt-get could not install$missing"
fi

kernel=$out/kernel
if ! [ -d "$kernel/boot" ]; then
    package=$(apt-cache depends linux-image-cloud-amd64 2> /dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\)$/\1/p' | head -1)
    [ -n "$package" ] || cannot "apt knows no linux-image-cloud-amd64"
    rm -rf "$out/deb" && mkdir -p "$out/deb"
    (cd "$out/deb" && apt-get download -q "$package") || cannot "$package could not be downloaded"
    dpkg-deb -x "$out"/deb/*.deb "$kernel.part"
    rm -rf "$out/deb"
    mv "$kernel.part" "$kernel"
fi
cp "$kernel"/boot/vmlinuz-* "$out/vmlinuz"

root=$out/root
rm -rf "$root"
mkdir -p "$root"/bin "$root"/modules "$root"/proc "$root"/sys "$root"/dev "$root"/data "$root"/lib64
cp /bin/busybox "$root/bin/busybox"
cp "$weft" "$root/bin/weft"
install -m 755 "$here/init" "$root/init"
ldd "$weft" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
# libwebsockets opens its event loop's plugin by name.
for plugin in /usr/lib/*/libwebsockets-evlib_uv.so; do
    mkdir -p "$root$(dirname "$plugin")"
    cp -L "$plugin" "$root$plugin"
done
# In the order in which they need one another; one that is built in is not there, and not needed.
for name in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk \
    failover net_failover virtio_net; do
    file=$(find "$kernel/lib/modules" -name "$name.ko" | head -1)
    [ -n "$file" ] || continue
    cp "$file" "$root/modules/"
    echo "$name.ko" >> "$root/modules/order"
done
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) > "$out/initramfs.gz"

rm -f "$out/empty.img"
truncate -s 96M "$out/empty.img"
PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -q -F "$out/empty.img"
